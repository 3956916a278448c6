/**
 * The kernels built with the compiler's sanitizers, without Node: no access past any piece of memory, nothing
 * undefined, no race between threads, and the same bits for one thread and three.
 */
import './support/one-thread.js';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planOf } from '#emars/kernels/plan.js';
import type { Case } from './support/drawn-nets.js';
import { cases, made } from './support/drawn-nets.js';
import { build, call, lacking, NATIVE } from './support/sanitized.js';

const REPLAY = fileURLToPath(new URL('./sanitizers/replay.cc', import.meta.url));
const CASES = 30;
let folder = '';
let file = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'emars-sanitizers-'));
  file = join(folder, 'cases');
  writeFileSync(file, Buffer.concat(fc.sample(cases, { numRuns: CASES, seed: 7 }).map(bytesOf)));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As replay.cc reads it. */
function bytesOf(drawn: Case): Buffer {
  const { subnet, batch, options } = made(drawn);
  const { net, path, parameters } = subnet;
  const plan = planOf(net.layout, path);
  const [scans] = batch.shape;
  const targets = new Float32Array(scans * drawn.space.classes);
  batch.labels.forEach((label, i) => (targets[i * drawn.space.classes + label] = 1));
  return Buffer.concat(
    [
      Int32Array.of(plan.length),
      plan,
      Int32Array.from(batch.shape),
      parameters,
      batch.images,
      targets,
      new Float32Array(scans).fill(1 / scans),
      options.dropoutMask,
    ].map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)),
  );
}

function built(sanitizer: string): Promise<string> {
  const sources = readdirSync(NATIVE)
    .filter((name) => name.endsWith('.cc') && !name.endsWith('addon.cc'))
    .map((name) => join(NATIVE, name));
  return build(join(folder, sanitizer.replace(',', '-')), sanitizer, [REPLAY, ...sources]);
}

describe.each(['address,undefined', 'thread'])('the kernels built with -fsanitize=%s', async (sanitizer) => {
  const reason = await lacking(sanitizer);
  const aside = reason === null ? '' : ` (skipped: ${reason})`;

  it.skipIf(reason !== null)(
    `compute ${CASES} nets without a finding, with equal bits for 1 and 3 threads${aside}`,
    async () => {
      const program = await built(sanitizer);
      const { stdout, stderr } = await call(program, [file]);
      expect(stderr).toBe('');
      expect(stdout).toBe(`${CASES} cases\n`);
    },
  );
});
