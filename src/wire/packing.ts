/**
 * What stands around a message on the bus: a checksum behind it, since neither TCP nor protobuf notices a
 * flipped bit in a number; and compression of what is above the limit of the bus, such as the plan of an
 * epoch with thousands of individuals.
 *
 *   frame = body, checksum of the message's name and the body: a message on the subject of another is none
 *   body  = protobuf, or a zero byte and protobuf by raw DEFLATE: no protobuf message begins with a zero
 *
 * The checksum is a CRC-32 (little-endian); where a message carries a piece of a vector, the 16 bytes of `tagOf`, which
 * take a third of the time. Clients of their own, in other languages, see none of these.
 */
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { TAG_BYTES, tagOf } from '../gradient/tag.js';

/** Upper bound of any message on the bus: the server's default payload limit, 1 MiB. */
export const MESSAGE_LIMIT = 1024 * 1024;

/** What a packed message may unpack to: a small message must not fill the memory of who receives it. */
export const UNPACKED_LIMIT = 32 * 1024 * 1024;

const MARK = 0;
const CRC_BYTES = 4;
/** Names of messages that end in a tag. */
const TAGGED: ReadonlySet<string> = new Set(['GradientChunk', 'StateChunk']);
const BODY_LIMIT = MESSAGE_LIMIT - TAG_BYTES;

/**
 * The bytes that travel; null where they do not fit even packed. The message is `head` and `tail`, one behind the
 * other: a large part of it is copied only here.
 */
export function framed(name: string, head: Uint8Array, tail: Uint8Array): Uint8Array | null {
  if (head.length + tail.length <= BODY_LIMIT) return sealed(name, head, tail);
  const body = packed(Buffer.concat([head, tail]));
  return body === null || body.length > BODY_LIMIT ? null : sealed(name, body, new Uint8Array(0));
}

/** A body, in two parts, with its checksum. */
function sealed(name: string, head: Uint8Array, tail: Uint8Array): Uint8Array {
  const length = head.length + tail.length;
  const frame = Buffer.allocUnsafe(length + (TAGGED.has(name) ? TAG_BYTES : CRC_BYTES));
  frame.set(head);
  frame.set(tail, head.length);
  frame.set(checksumOf(name, frame.subarray(0, length)), length);
  return frame;
}

/** What stands behind a body. */
export function checksumOf(name: string, body: Uint8Array): Buffer {
  if (TAGGED.has(name)) return tagOf(name, body);
  const checksum = Buffer.allocUnsafe(CRC_BYTES);
  checksum.writeUInt32LE(crc32(body, crc32(name)));
  return checksum;
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
  const end = TAGGED.has(name) ? TAG_BYTES : CRC_BYTES;
  if (frame.length < end) throw new RangeError(`${frame.length} bytes, too few for a checksum`);
  const body = frame.subarray(0, frame.length - end);
  if (!checksumOf(name, body).equals(frame.subarray(body.length)))
    throw new RangeError('another checksum than theirs');
  if (body[0] !== MARK) return body;
  return inflateRawSync(body.subarray(1), { maxOutputLength: UNPACKED_LIMIT });
}
