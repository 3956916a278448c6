/**
 * The native codec built with the compiler's sanitizers, without Node: no access past any piece of memory and nothing
 * undefined, whatever bytes it is given.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { generator } from '#emars/random/generator.js';
import { mutated } from '../fuzz/mutate.js';
import { build, call, lacking, NATIVE } from './support/sanitized.js';

const MAIN = fileURLToPath(new URL('./sanitizers/codec.cc', import.meta.url));
const SOURCES = ['inflate.cc', 'checksums.cc', 'unfilter.cc', 'reduce.cc'].map((name) => join(NATIVE, name));
const SANITIZER = 'address,undefined';
const CASES = 3000;
const STRATEGIES = [
  constants.Z_DEFAULT_STRATEGY,
  constants.Z_FIXED,
  constants.Z_HUFFMAN_ONLY,
  constants.Z_RLE,
];

/** One case as codec.cc reads it: every fourth whole, the others damaged. */
function caseOf(index: number): Buffer {
  const random = generator(1, 'codec-sanitizers', index);
  const pixel = random.integer(2) + 1;
  const bytes = pixel * (random.integer(60) + 1);
  const rows = random.integer(40) + 1;
  const values = 2 ** (random.integer(8) + 1);
  const plain = Buffer.alloc(rows * (bytes + 1));
  for (let i = 0; i < plain.length; i++)
    plain[i] = i % (bytes + 1) === 0 ? random.integer(5) : random.integer(values);
  const gzip = random.integer(4) === 0;
  const packed = (gzip ? gzipSync : deflateSync)(plain, {
    level: random.integer(10),
    memLevel: random.integer(9) + 1,
    windowBits: random.integer(7) + 9,
    strategy: random.pick(STRATEGIES),
  });
  const given = index % 4 === 0 ? packed : Buffer.from(mutated(packed, packed, random));
  return Buffer.concat([
    Buffer.from(Int32Array.of(gzip ? 1 : 0, given.length, bytes, rows, pixel).buffer),
    given,
  ]);
}

describe(`the native codec built with -fsanitize=${SANITIZER}`, async () => {
  const reason = await lacking(SANITIZER);
  const aside = reason === null ? '' : ` (skipped: ${reason})`;
  const folder = mkdtempSync(join(tmpdir(), 'emars-codec-sanitizers-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.skipIf(reason !== null)(
    `decodes or refuses ${CASES} inputs, most of them damaged, without a finding${aside}`,
    async () => {
      const file = join(folder, 'cases');
      writeFileSync(file, Buffer.concat(Array.from({ length: CASES }, (_, index) => caseOf(index))));
      const program = await build(join(folder, 'codec'), SANITIZER, [MAIN, ...SOURCES]);
      const { stdout, stderr } = await call(program, [file]);
      expect(stderr).toBe('');
      const [, cases, taken] = /^(\d+) cases, (\d+) taken\n$/.exec(stdout)!;
      expect(Number(cases)).toBe(CASES);
      expect(Number(taken)).toBeGreaterThanOrEqual(CASES / 4);
      expect(Number(taken)).toBeLessThan(CASES);
    },
  );
});
