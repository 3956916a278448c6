/**
 * What stands around a message on the bus: a checksum behind it, since neither TCP nor protobuf notices a
 * flipped bit in a number; and compression of what is above the limit of the bus, such as the plan of an
 * epoch with thousands of individuals.
 *
 *   frame = body, u32 crc32 of the message's name and the body (little-endian): a message on the subject of
 *           another is none
 *   body  = protobuf, or a zero byte and protobuf by raw DEFLATE: no protobuf message begins with a zero
 */
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';

/** Upper bound of any message on the bus: the server's default payload limit, 1 MiB. */
export const MESSAGE_LIMIT = 1024 * 1024;

/** What a packed message may unpack to: a small message must not fill the memory of who receives it. */
export const UNPACKED_LIMIT = 32 * 1024 * 1024;

const MARK = 0;
const CHECKSUM_BYTES = 4;
const BODY_LIMIT = MESSAGE_LIMIT - CHECKSUM_BYTES;

/** The bytes that travel; null where they do not fit even packed. */
export function framed(name: string, message: Uint8Array): Uint8Array | null {
  const body = message.length <= BODY_LIMIT ? message : packed(message);
  if (body === null || body.length > BODY_LIMIT) return null;
  const frame = Buffer.allocUnsafe(body.length + CHECKSUM_BYTES);
  frame.set(body);
  frame.writeUInt32LE(crc32(body, crc32(name)), body.length);
  return frame;
}

function packed(message: Uint8Array): Uint8Array | null {
  if (message.length > UNPACKED_LIMIT) return null;
  return Buffer.concat([Buffer.of(MARK), deflateRawSync(message)]);
}

/**
 * The message in a frame: a view into it, or unpacked. Errors: RangeError for another checksum, zlib's for
 * bytes that do not unpack.
 */
export function unframed(name: string, frame: Uint8Array): Uint8Array {
  if (frame.length < CHECKSUM_BYTES) throw new RangeError(`${frame.length} bytes, too few for a checksum`);
  const body = frame.subarray(0, frame.length - CHECKSUM_BYTES);
  const end = Buffer.from(frame.buffer, frame.byteOffset + body.length, CHECKSUM_BYTES);
  if (end.readUInt32LE() !== crc32(body, crc32(name))) throw new RangeError('another checksum than theirs');
  if (body[0] !== MARK) return body;
  return inflateRawSync(body.subarray(1), { maxOutputLength: UNPACKED_LIMIT });
}
