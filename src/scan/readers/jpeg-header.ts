/**
 * The declared size of a JPEG (ITU-T T.81, annex B), read by hand before any decoder sees it.
 *
 * Only baseline, extended and progressive pictures of 8 bits are read: grey, or three components.
 */
import { ScanError } from '../errors.js';
import { shapeRefused, type ScanLimits } from '../limits.js';
import type { CheckedPicture } from './png-header.js';

const mostSegments = 4096;

export function isJpeg(bytes: Buffer): boolean {
  return bytes.length > 3 && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/** Errors: ScanError when there is no frame header, or it declares what is not read. */
export function checkJpeg(name: string, bytes: Buffer, limits: ScanLimits): CheckedPicture {
  let at = 2;
  for (let segment = 0; segment < mostSegments && at + 4 <= bytes.length; segment++) {
    if (bytes[at] !== 0xff) break;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    const length = bytes.readUInt16BE(at + 2);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return frame(name, bytes, at, limits);
    if (length < 2 || marker === 0xda || marker === 0xd9) break;
    at += 2 + length;
  }
  throw new ScanError(name, 'a JPEG without a frame header: truncated or damaged');
}

function frame(name: string, bytes: Buffer, at: number, limits: ScanLimits): CheckedPicture {
  if (at + 10 > bytes.length) throw new ScanError(name, 'the JPEG is truncated');
  const marker = bytes[at + 1]!;
  const precision = bytes[at + 4]!;
  const height = bytes.readUInt16BE(at + 5);
  const width = bytes.readUInt16BE(at + 7);
  const components = bytes[at + 9]!;
  const refused = shapeRefused([1, height, width], limits);
  if (refused !== null) throw new ScanError(name, refused);
  if (marker > 0xc2 || precision !== 8 || (components !== 1 && components !== 3)) {
    throw new ScanError(
      name,
      `a JPEG of a kind that is not read (${components} components of ${precision} bits): ` +
        'expected 8 bits, grey or colour',
    );
  }
  return { width, height, bits: 8, colour: components === 3, bytes };
}
