/**
 * What a compressed picture declares of itself, read by hand before a decoder sees it: the frame header of a
 * JPEG or JPEG-LS (ITU-T T.81, B.2; T.87, C.2), the SIZ segment of a JPEG 2000 (T.800, A.5.1).
 */

export interface Declared {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly bits: number;
}

export type CodestreamKind = 'jpeg' | 'jpeg-lossless' | 'jpeg-ls' | 'jpeg-2000';

const frames: Readonly<Record<Exclude<CodestreamKind, 'jpeg-2000'>, ReadonlySet<number>>> = {
  jpeg: new Set([0xc0, 0xc1]),
  'jpeg-lossless': new Set([0xc3]),
  'jpeg-ls': new Set([0xf7]),
};
const MOST_SEGMENTS = 4096;

/** Null when the bytes are not of that kind, or their header is damaged. */
export function declaredBy(bytes: Buffer, kind: CodestreamKind): Declared | null {
  return kind === 'jpeg-2000' ? jpeg2000(bytes) : jpeg(bytes, frames[kind]);
}

function jpeg(bytes: Buffer, kinds: ReadonlySet<number>): Declared | null {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return null;
  let at = 2;
  for (let segment = 0; segment < MOST_SEGMENTS && at + 10 <= bytes.length; segment++) {
    const marker = bytes[at + 1]!;
    if (bytes[at] !== 0xff || marker === 0xd9 || marker === 0xda) return null;
    if (kinds.has(marker)) {
      return {
        bits: bytes[at + 4]!,
        height: bytes.readUInt16BE(at + 5),
        width: bytes.readUInt16BE(at + 7),
        components: bytes[at + 9]!,
      };
    }
    const length = bytes.readUInt16BE(at + 2);
    if (length < 2) return null;
    at += 2 + length;
  }
  return null;
}

function jpeg2000(bytes: Buffer): Declared | null {
  if (bytes.length < 43 || bytes.readUInt32BE(0) !== 0xff4f_ff51) return null;
  const [right, bottom, left, top] = [8, 12, 16, 20].map((at) => bytes.readUInt32BE(at));
  return {
    width: right! - left!,
    height: bottom! - top!,
    components: bytes.readUInt16BE(40),
    bits: (bytes[42]! & 0x7f) + 1,
  };
}
