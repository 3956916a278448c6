/** Grey PNG files with a filter of one's choice for each row (PNG specification, section 9), written by hand. */
import { crc32, deflateSync } from 'node:zlib';

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  /** Of the rows, again and again. */
  readonly filters: readonly number[];
  readonly seed: number;
  /** Pieces that the pixel data is cut into. */
  readonly pieces: number;
  /** A byte of the packed data that is replaced; checksums of chunks are those of what is written. */
  readonly damage?: { readonly at: number; readonly to: number };
}

function chunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
  const bytes = Buffer.alloc(8 + body.length);
  bytes.writeUInt32BE(data.length, 0);
  body.copy(bytes, 4);
  bytes.writeUInt32BE(crc32(body), 4 + body.length);
  return bytes;
}

function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner;
  const [toLeft, toAbove, toCorner] = [left, above, corner].map((value) => Math.abs(guess - value)) as [
    number,
    number,
    number,
  ];
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

export function pngOf({ width, height, bits, filters, seed, pieces, damage }: Picture): Buffer {
  const pixel = bits / 8;
  const bytes = width * pixel;
  let state = seed;
  const plain = Buffer.alloc(height * bytes);
  for (let i = 0; i < plain.length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    // A slope with noise, and jumps now and then, so that each case of a filter is met.
    plain[i] = (state >> 16) % 17 === 0 ? state >> 8 : i + ((state >> 12) & 7);
  }
  const rows = Buffer.alloc(height * (bytes + 1));
  for (let y = 0; y < height; y++) {
    const filter = filters[y % filters.length]!;
    rows[y * (bytes + 1)] = filter;
    for (let i = 0; i < bytes; i++) {
      const left = i < pixel ? 0 : plain[y * bytes + i - pixel]!;
      const above = y === 0 ? 0 : plain[(y - 1) * bytes + i]!;
      const corner = i < pixel || y === 0 ? 0 : plain[(y - 1) * bytes + i - pixel]!;
      const expected = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter]!;
      rows[y * (bytes + 1) + 1 + i] = plain[y * bytes + i]! - expected;
    }
  }
  const packed = deflateSync(rows);
  if (damage !== undefined) packed[damage.at % packed.length] = damage.to;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = bits;
  const step = Math.ceil(packed.length / pieces);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    ...Array.from({ length: pieces }, (_, i) => chunk('IDAT', packed.subarray(i * step, (i + 1) * step))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
