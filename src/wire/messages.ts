/**
 * Protobuf at the edge: the only importer of protobufjs. `proto/emars.proto` says what travels,
 * schemas.ts what is let in; a message as the code sees it has digests in hexadecimal, closed sets of
 * words, and null where something is absent.
 */
import { EmarsError } from '../errors/error.js';
import { z } from 'zod';
import { emars } from '../../proto/generated/emars.js';
import { framed, MESSAGE_LIMIT, unframed, UNPACKED_LIMIT } from './packing.js';
import { schemas } from './schemas.js';

export { MESSAGE_LIMIT } from './packing.js';
export { CHUNK_BYTES, DEAD_LETTER_BYTES, HISTORY_POINTS, SUBJECTS, SUPPLIES } from './schemas.js';
export type { Role, RunPhase, WorkPhase } from './schemas.js';

/** Version of `proto/emars.proto`; a worker of another version is refused in the hello. */
export const PROTOCOL = 4;

const codecs = {
  RunsRequest: emars.RunsRequest,
  RunInfo: emars.RunInfo,
  SupplyRequest: emars.SupplyRequest,
  SupplyReply: emars.SupplyReply,
  Hello: emars.Hello,
  Welcome: emars.Welcome,
  RollCall: emars.RollCall,
  Heartbeat: emars.Heartbeat,
  Leave: emars.Leave,
  Directive: emars.Directive,
  EpochReady: emars.EpochReady,
  GradientChunk: emars.GradientChunk,
  Credit: emars.Credit,
  ChunkRequest: emars.ChunkRequest,
  StateRequest: emars.StateRequest,
  StateChunk: emars.StateChunk,
  SlotsHeld: emars.SlotsHeld,
  EpochTrained: emars.EpochTrained,
  EvaluationRequest: emars.EvaluationRequest,
  EvaluationResult: emars.EvaluationResult,
  Receipt: emars.Receipt,
  ObjectiveHello: emars.ObjectiveHello,
  ObjectiveReply: emars.ObjectiveReply,
  ObjectiveLeave: emars.ObjectiveLeave,
  MeasureRequest: emars.MeasureRequest,
  MeasureResult: emars.MeasureResult,
  Status: emars.Status,
  DeadLetter: emars.DeadLetter,
  Farewell: emars.Farewell,
} as const;

export type MessageName = keyof typeof codecs;

type Frozen<T> = T extends string | number | boolean | null | undefined | Uint8Array
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Frozen<Item>[]
    : { readonly [Key in keyof T]: Frozen<T[Key]> };

/** A decoded message. */
export type Message<Name extends MessageName> = Frozen<z.output<(typeof schemas)[Name]>>;
/** What may be encoded: every field of the message itself may be left at proto3's default. */
export type Draft<Name extends MessageName> = Partial<Message<Name>>;

/** Every field present, all the way down, without what the generator adds (the name of the oneof is `what`). */
type Whole<T> = T extends Uint8Array | string | number | boolean | null
  ? T
  : T extends readonly (infer Item)[]
    ? Whole<Item>[]
    : { [Key in keyof T as Exclude<Key, '$unknowns' | 'what'>]-?: Whole<Exclude<T[Key], undefined>> };
type Generated<Name extends MessageName> = Whole<NonNullable<Parameters<(typeof codecs)[Name]['encode']>[0]>>;
type Misfit = {
  [Name in MessageName]: Whole<z.input<(typeof schemas)[Name]>> extends Generated<Name> ? never : Name;
}[MessageName];
/** Compiles only while no schema lacks a field of its generated message or has one of another type. */
const checked: [Misfit] extends [never] ? typeof schemas : Misfit = schemas;
/** The same with every field of the message itself optional: made once, as that takes longer than a message. */
const drafts = Object.fromEntries(
  Object.entries(checked).map(([name, schema]) => [name, (schema as z.ZodObject).partial()]),
) as Record<MessageName, z.ZodObject>;

/** Bytes that are no such message, or a message that must not travel. */
export class WireError extends EmarsError {
  override readonly name = 'WireError';
  readonly kind = 'unavailable';
  constructor(
    readonly expected: MessageName,
    reason: string,
    cause?: unknown,
  ) {
    super(`expected a ${expected} message, got ${reason}`, cause === undefined ? undefined : { cause });
  }
}

/** What of a protobuf writer is used here. */
interface Writer {
  uint32(value: number): Writer;
  finish(): Uint8Array;
}

/** Numbers of the fields that hold a piece of a vector, each the last of its message: what it holds is copied once. */
const PAYLOAD_FIELDS: { readonly [Name in MessageName]?: number } = { GradientChunk: 12, StateChunk: 8 };
/** How protobuf says that a field's length stands before it. */
const LENGTH_DELIMITED = 2;

/**
 * Bytes of a message with their checksum, owned by the caller; packed where they are many. Errors: WireError
 * when a field is outside its limits, or all of it too large to travel.
 */
export function encode<Name extends MessageName>(name: Name, message: Draft<Name>): Uint8Array {
  const schema: z.ZodObject = drafts[name];
  const raw = z.safeEncode(schema, message);
  if (!raw.success) throw new WireError(name, complaint(raw.error), raw.error);
  const [head, tail] = partsOf(name, raw.data);
  const bytes = framed(name, head, tail);
  if (bytes === null)
    throw new WireError(
      name,
      `one of ${head.length + tail.length} bytes, which does not fit ${MESSAGE_LIMIT} packed or ${UNPACKED_LIMIT} ` +
        'unpacked; a smaller population or shorter epochs make it smaller',
    );
  return bytes;
}

/** The bytes of a message, a piece of a vector at its end apart. */
function partsOf(name: MessageName, message: object): readonly [Uint8Array, Uint8Array] {
  const codec = codecs[name] as unknown as { encode(message: unknown): Writer };
  const field = PAYLOAD_FIELDS[name];
  if (field === undefined) return [codec.encode(message).finish(), new Uint8Array(0)];
  const { payload = new Uint8Array(0), ...others } = message as { readonly payload?: Uint8Array };
  const head = codec.encode(others).uint32(field * 8 + LENGTH_DELIMITED);
  return [head.uint32(payload.length).finish(), payload];
}

/**
 * Reads a message. Byte fields (a chunk's payload) are views into `bytes`, at any alignment: copy before
 * keeping. Errors: WireError over the size limit, when the bytes are no such message, or when a field
 * is outside its limits.
 */
export function decode<Name extends MessageName>(name: Name, bytes: Uint8Array): Message<Name> {
  if (bytes.length > MESSAGE_LIMIT)
    throw new WireError(name, `${bytes.length} bytes, over the limit of ${MESSAGE_LIMIT}`);
  const read = z.safeDecode(checked[name], plain(name, bytes));
  if (!read.success) throw new WireError(name, complaint(read.error), read.error);
  return read.data as Message<Name>;
}

/**
 * A plain object with every default in it: decoded instances keep theirs on the prototype, where a spread
 * loses them.
 */
function plain(name: MessageName, bytes: Uint8Array): unknown {
  const codec = codecs[name] as unknown as {
    decode(bytes: Uint8Array): unknown;
    toObject(message: unknown, options: object): unknown;
  };
  try {
    return codec.toObject(codec.decode(unframed(name, bytes)), { defaults: true });
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new WireError(name, `bytes that do not decode (${text})`, cause);
  }
}

/** The first thing wrong, where it stands: "leases.3.owner: expected …". */
function complaint(error: z.ZodError): string {
  const { path, message } = error.issues[0]!;
  return `one whose "${path.join('.').slice(0, 100)}" does not fit: ${message.slice(0, 300)}`;
}
