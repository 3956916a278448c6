/**
 * Kinds of fields, each a codec: what stands in the bytes on one side, what the code sees on the other.
 * Proto3 has no absence for scalars: an empty string, no bytes, or a negative number stands for it on the
 * wire and is `null` here. Limits belong to the kind, so that no field goes without one.
 */
import { z } from 'zod';

/** Ids of runs and workers: they become tokens of a subject, so they hold nothing a subject could trip over. */
export const TOKEN = /^[A-Za-z0-9_-]{1,64}$/;

/** Characters of a sentence for people. */
const REASON_LENGTH = 2000;

export const count = z.uint32();
export const token = z.string().regex(TOKEN, 'expected 1 to 64 letters, digits, "-" and "_"');
/** Identity of a genotype. */
export const genomeId = z.string().regex(/^[0-9a-f]{16}$/, 'expected 16 hexadecimal digits');
/** SHA-256 of a file, hexadecimal on the wire too. */
export const fileDigest = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits');
export const name = z.string().min(1).max(64);
/** A client of the bus, as the end of its subject. */
export const roleAndId = z
  .string()
  .regex(/^[a-z]{1,32}\.[A-Za-z0-9_-]{1,64}$/, 'expected a role and an id, with a dot between');
/** What people call something, to be shown. */
export const title = z.string().regex(/^[^\p{C}]{1,200}$/u, 'expected 1 to 200 printable characters');
/** Name of an objective: a token of a subject, and a key in files. */
export const objectiveName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'expected 1 to 32 lower-case letters, digits and "-"');
/** Unit of a measure, to be shown; may be empty. */
export const unit = z.string().regex(/^[^\p{C}]{0,32}$/u, 'expected at most 32 printable characters');
/** Text that is shown and nothing else; may be empty. */
export const shown = z.string().max(256);
export const list = <Item extends z.ZodType>(item: Item, longest: number) => z.array(item).max(longest);
export const bytes = (longest: number) =>
  z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.length <= longest,
    `expected at most ${longest} bytes`,
  );

const sha256Bytes = bytes(32).refine(({ length }) => length === 32, 'expected the 32 bytes of a SHA-256');
const hexOf = (value: Uint8Array): string => Buffer.from(value).toString('hex');
const bytesOf = (hex: string): Uint8Array => Buffer.from(hex, 'hex');

/** SHA-256: 32 bytes on the wire, hexadecimal here. */
export const digest = z.codec(sha256Bytes, fileDigest, { decode: hexOf, encode: bytesOf });

/** A digest that may be absent: no bytes on the wire. */
export const digestOrNull = z.codec(
  z.union([sha256Bytes, bytes(0)]),
  z.union([fileDigest, z.literal(''), z.null()]),
  {
    decode: (value) => (value.length === 0 ? null : hexOf(value)),
    encode: (value) => (value === null ? new Uint8Array(0) : bytesOf(value)),
  },
);

/** As `fileDigest`, but it may be absent. */
export const fileDigestOrNull = z.codec(z.union([fileDigest, z.literal('')]), fileDigest.nullable(), {
  decode: (value) => (value === '' ? null : value),
  encode: (value) => value ?? '',
});

/** A short text that may be absent. */
export const textOrNull = z.codec(z.string().max(64), z.string().max(64).nullable(), {
  decode: (value) => (value === '' ? null : value),
  encode: (value) => value ?? '',
});

/** Why something is not as it should be; null: it is. Cut where it is sent, as it may quote any error. */
export const reasonOrNull = z.codec(z.string().max(REASON_LENGTH), z.string().nullable(), {
  decode: (value) => (value === '' ? null : value),
  encode: (value) => (value ?? '').slice(0, REASON_LENGTH),
});

/** A quantity that is not known yet: negative on the wire. */
export const quantityOrNull = z.codec(z.number(), z.number().nullable(), {
  decode: (value) => (value < 0 ? null : value),
  encode: (value) => value ?? -1,
});

/** One of some words; the empty string on the wire is none of them. */
export const wordOrNull = <const Words extends readonly string[]>(words: Words) =>
  z.codec(z.string(), z.enum(words).nullable(), {
    decode: (value) => (value === '' ? null : (value as Words[number])),
    encode: (value) => value ?? '',
  });

/** A message within a message, which may be absent. */
export const messageOrNull = <Schema extends z.ZodObject>(schema: Schema) =>
  z.codec(schema.nullish(), z.custom<z.output<Schema> | null>(), {
    decode: (value) => value ?? null,
    encode: (value) => value,
  });
