/**
 * The kernels built with the compiler's sanitizers, without Node: no access past any piece of memory, nothing
 * undefined, no race between threads, and the same bits for one thread and three.
 */
import './support/one-thread.js';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planOf } from '#emars/kernels/plan.js';
import { findCompiler } from '#emars/native/compiler.js';
import type { Case } from './support/drawn-nets.js';
import { cases, made } from './support/drawn-nets.js';

const NATIVE = fileURLToPath(new URL('../../native', import.meta.url));
const REPLAY = fileURLToPath(new URL('./sanitizers/replay.cc', import.meta.url));
const CASES = 30;
const compiler = (await findCompiler(process.env))?.command ?? null;
const call = promisify(execFile);
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

async function built(sanitizer: string, command: readonly [string, ...string[]]): Promise<string> {
  const program = join(folder, sanitizer.replace(',', '-'));
  const sources = readdirSync(NATIVE)
    .filter((name) => name.endsWith('.cc') && !name.endsWith('addon.cc'))
    .map((name) => join(NATIVE, name));
  const [first, ...rest] = command;
  await call(first, [
    ...rest,
    ...['-std=c++17', '-O1', '-g', '-ffp-contract=off', '-pthread', `-I${NATIVE}`],
    ...[`-fsanitize=${sanitizer}`, '-fno-sanitize-recover=all'],
    ...['-DEMARS_NAMESPACE=emars_plain', '-DEMARS_ENTRY=plainKernels'],
    ...[REPLAY, ...sources, '-o', program],
  ]);
  return program;
}

/** Why programs with this sanitizer cannot be made or run here; null where they can. */
async function lacking(sanitizer: string): Promise<string | null> {
  if (compiler === null) return 'there is no C++ compiler';
  const source = join(tmpdir(), `emars-nothing-${process.pid}.cc`);
  const program = `${source}.out`;
  try {
    writeFileSync(source, 'int main() { return 0; }\n');
    await call(compiler[0], [...compiler.slice(1), `-fsanitize=${sanitizer}`, source, '-o', program]);
    await call(program);
    return null;
  } catch {
    return `the compiler has no -fsanitize=${sanitizer}, or its programs do not run here`;
  } finally {
    rmSync(source, { force: true });
    rmSync(program, { force: true });
  }
}

describe.each(['address,undefined', 'thread'])('the kernels built with -fsanitize=%s', async (sanitizer) => {
  const reason = await lacking(sanitizer);
  const aside = reason === null ? '' : ` (skipped: ${reason})`;

  it.skipIf(reason !== null)(
    `compute ${CASES} nets without a finding, with equal bits for 1 and 3 threads${aside}`,
    async () => {
      const program = await built(sanitizer, compiler!);
      const { stdout, stderr } = await call(program, [file]);
      expect(stderr).toBe('');
      expect(stdout).toBe(`${CASES} cases\n`);
    },
  );
});
