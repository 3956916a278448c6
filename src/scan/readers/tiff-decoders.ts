/**
 * Decompression of TIFF strips and tiles with a bound on what comes out.
 *
 * geotiff's own decoders inflate without one, so a file of a few kilobytes could ask for gigabytes. These
 * take their place: no block grows beyond the bytes that its width, height and samples allow.
 * Formats: TIFF 6.0, section 9 (PackBits) and section 13 (LZW); Deflate after Adobe's technical note.
 */
import { inflateSync } from 'node:zlib';
import { BaseDecoder, addDecoder } from 'geotiff';
import { unpackBits } from './pack-bits.js';

/** Most bytes of the decoder's block: rows × columns × samples. */
function bound(decoder: BaseDecoder): number {
  const { tileWidth, tileHeight, bitsPerSample, planarConfiguration } = decoder.parameters;
  const bits = typeof bitsPerSample === 'number' ? [bitsPerSample] : [...bitsPerSample];
  const total = planarConfiguration === 2 ? bits[0]! : bits.reduce((sum, each) => sum + each, 0);
  return Math.ceil((tileWidth * tileHeight * total) / 8);
}

function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

class DeflateDecoder extends BaseDecoder {
  override decodeBlock(buffer: ArrayBufferLike): ArrayBuffer {
    return exactBuffer(inflateSync(new Uint8Array(buffer), { maxOutputLength: bound(this) }));
  }
}

class PackBitsDecoder extends BaseDecoder {
  override decodeBlock(buffer: ArrayBufferLike): ArrayBuffer {
    return exactBuffer(unpackBits(new Uint8Array(buffer), bound(this)));
  }
}

class LzwDecoder extends BaseDecoder {
  override decodeBlock(buffer: ArrayBufferLike): ArrayBuffer {
    return exactBuffer(expandLzw(new Uint8Array(buffer), bound(this)));
  }
}

const clearCode = 256;
const endCode = 257;

/** Variable-width codes of 9 to 12 bits, most significant bit first, widened one code early. */
function expandLzw(input: Uint8Array, most: number): Uint8Array {
  const output = new Uint8Array(most);
  const prefix = new Uint16Array(4096);
  const suffix = new Uint8Array(4096);
  const depth = new Uint16Array(4096);
  for (let code = 0; code < 256; code++) {
    suffix[code] = code;
    depth[code] = 1;
  }
  let next = 258;
  let width = 9;
  let previous = -1;
  let length = 0;
  const firstByte = (code: number): number => {
    let at = code;
    while (at > 255) at = prefix[at]!;
    return at;
  };
  for (let bit = 0; bit + width <= input.length * 8 && length < most;) {
    const byte = bit >> 3;
    const word = (input[byte]! << 16) | ((input[byte + 1] ?? 0) << 8) | (input[byte + 2] ?? 0);
    const code = (word >> (24 - (bit & 7) - width)) & ((1 << width) - 1);
    bit += width;
    if (code === endCode) break;
    if (code === clearCode) {
      next = 258;
      width = 9;
      previous = -1;
      continue;
    }
    if (code > next || (code === next && previous < 0) || (previous < 0 && code > 255))
      throw new Error('LZW data with a code that does not exist');
    if (previous >= 0 && next < 4096) {
      prefix[next] = previous;
      suffix[next] = firstByte(code === next ? previous : code);
      depth[next] = depth[previous]! + 1;
      next++;
    } else if (code >= next) {
      throw new Error('LZW data with a code that does not exist');
    }
    const size = depth[code]!;
    for (let at = code, place = length + size - 1; place >= length; at = prefix[at]!, place--) {
      if (place < most) output[place] = suffix[at]!;
    }
    length = Math.min(most, length + size);
    previous = code;
    if (next + 1 >= 1 << width && width < 12) width++;
  }
  return output.subarray(0, length);
}

/** Puts the bounded decoders in the place of geotiff's own, for this thread. */
export function useBoundedDecoders(): void {
  addDecoder([8, 32946], () => Promise.resolve(DeflateDecoder), parameters);
  addDecoder(5, () => Promise.resolve(LzwDecoder), parameters);
  addDecoder(32773, () => Promise.resolve(PackBitsDecoder), parameters);
}

type Directory = Parameters<NonNullable<Parameters<typeof addDecoder>[2]>>[0];

/** As geotiff's default, but a strip is never higher than its picture (RowsPerStrip is often 2^32 − 1). */
async function parameters(directory: Directory): Promise<BaseDecoder['parameters']> {
  const number = async (name: Parameters<Directory['loadValue']>[0], otherwise: number): Promise<number> =>
    Number((await directory.loadValue(name)) ?? otherwise);
  const tiled = !directory.hasTag('StripOffsets');
  const height = await number('ImageLength', 0);
  const bits = await directory.loadValue('BitsPerSample');
  return {
    tileWidth: await number(tiled ? 'TileWidth' : 'ImageWidth', 0),
    tileHeight: tiled
      ? await number('TileLength', 0)
      : Math.min(height, await number('RowsPerStrip', height)),
    planarConfiguration: await number('PlanarConfiguration', 1),
    bitsPerSample: bits === undefined ? 8 : Array.from(bits),
    predictor: await number('Predictor', 1),
  };
}
