/**
 * Protobuf at the edge: the only importer of protobufjs. `proto/emars.proto` is the single source of
 * truth; the types here are derived from the generated ones, never written twice.
 *
 * `decode` refuses what is too large or not decodable with a `WireError`; lists and scalars of a
 * decoded message are always present (proto3 defaults), message fields may be absent.
 */
import { emars } from '../../proto/generated/emars.js';

/** Version of `proto/emars.proto`; a worker of another version is refused in the hello. */
export const PROTOCOL = 1;

/** Bytes of a gradient chunk's payload (measured: larger chunks are slower, `docs/benchmarks.md`). */
export const CHUNK_BYTES = 512 * 1024;

/** Upper bound of any message on the bus: below the server's default payload limit of 1 MiB. */
export const MESSAGE_LIMIT = 1024 * 1024;

const codecs = {
  Hello: emars.Hello,
  Welcome: emars.Welcome,
  RollCall: emars.RollCall,
  Heartbeat: emars.Heartbeat,
  Directive: emars.Directive,
  EpochReady: emars.EpochReady,
  GradientChunk: emars.GradientChunk,
  Credit: emars.Credit,
  ChunkRequest: emars.ChunkRequest,
  SlotsHeld: emars.SlotsHeld,
  EpochTrained: emars.EpochTrained,
  EvaluationRequest: emars.EvaluationRequest,
  EvaluationResult: emars.EvaluationResult,
  Receipt: emars.Receipt,
  Status: emars.Status,
  Farewell: emars.Farewell,
} as const;

export type MessageName = keyof typeof codecs;

/** Required where proto3 has a default (scalars, lists), optional where a message may be absent. */
type Solid<T> = T extends string | number | boolean | Uint8Array
  ? T
  : T extends readonly (infer Item)[]
    ? Solid<Item>[]
    : {
        [
          Key in keyof T as Key extends '$unknowns'
            ? never
            : IsMessage<NonNullable<T[Key]>> extends true
              ? never
              : Key
        ]-?: Solid<NonNullable<T[Key]>>;
      } & {
        [Key in keyof T as IsMessage<NonNullable<T[Key]>> extends true ? Key : never]?: Solid<
          NonNullable<T[Key]>
        > | null;
      };
type IsMessage<T> = T extends string | number | boolean | Uint8Array | readonly unknown[] ? false : true;

/** A decoded message. */
export type Message<Name extends MessageName> = Solid<InstanceType<(typeof codecs)[Name]>>;
/** What may be encoded: every field may be left at its default. */
export type Draft<Name extends MessageName> = NonNullable<Parameters<(typeof codecs)[Name]['encode']>[0]>;

export class WireError extends Error {
  constructor(
    readonly expected: MessageName,
    reason: string,
  ) {
    super(`expected a ${expected} message, got ${reason}`);
    this.name = 'WireError';
  }
}

/** Bytes of a message, owned by the caller. */
export function encode<Name extends MessageName>(name: Name, message: Draft<Name>): Uint8Array {
  const codec = codecs[name] as unknown as { encode(message: Draft<Name>): { finish(): Uint8Array } };
  return codec.encode(message).finish();
}

/**
 * Reads a message. Byte fields are views into `bytes`, at any alignment: copy before keeping.
 * Errors: WireError over the size limit or when the bytes are no such message.
 */
export function decode<Name extends MessageName>(name: Name, bytes: Uint8Array): Message<Name> {
  if (bytes.length > MESSAGE_LIMIT)
    throw new WireError(name, `${bytes.length} bytes, over the limit of ${MESSAGE_LIMIT}`);
  const codec = codecs[name] as unknown as {
    decode(bytes: Uint8Array): unknown;
    toObject(message: unknown, options: object): unknown;
  };
  try {
    // A plain object with every default in it: decoded instances keep theirs on the prototype, where a spread loses them.
    return codec.toObject(codec.decode(bytes), { defaults: true }) as Message<Name>;
  } catch (cause) {
    throw new WireError(
      name,
      `bytes that do not decode (${cause instanceof Error ? cause.message : String(cause)})`,
    );
  }
}
