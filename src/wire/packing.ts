/**
 * Messages above the limit of the bus, compressed: the plan of an epoch with thousands of individuals. A
 * packed message begins with a zero byte, which no protobuf message does (there is no field 0); the rest
 * is its bytes by raw DEFLATE. Smaller messages travel as they are.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Upper bound of any message on the bus: below the server's default payload limit of 1 MiB. */
export const MESSAGE_LIMIT = 1024 * 1024;

/** What a packed message may unpack to: a small message must not fill the memory of who receives it. */
export const UNPACKED_LIMIT = 32 * 1024 * 1024;

const MARK = 0;

/** The bytes that travel; null where they do not fit even packed. */
export function packed(bytes: Uint8Array): Uint8Array | null {
  if (bytes.length <= MESSAGE_LIMIT) return bytes;
  if (bytes.length > UNPACKED_LIMIT) return null;
  const small = deflateRawSync(bytes, { level: 6 });
  return small.length < MESSAGE_LIMIT ? Buffer.concat([Buffer.of(MARK), small]) : null;
}

/** The bytes of a message that has travelled. Errors: RangeError and zlib's for bytes that do not unpack. */
export function unpacked(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== MARK) return bytes;
  return inflateRawSync(bytes.subarray(1), { maxOutputLength: UNPACKED_LIMIT });
}
