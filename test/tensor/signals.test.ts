import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { tensorEnvironment } from '#emars/tensor/environment.js';
import { kernels } from './support/kernels.js';

const script = fileURLToPath(new URL('support/flooded.mjs', import.meta.url));

/** Digest of the gradient that a process computes, and the signals its handler met: at least `flood`. */
async function gradients(by: 'native' | 'tensorflow', flood: number): Promise<[string, number]> {
  const child = spawn(process.execPath, [script, by, String(flood)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...tensorEnvironment({ threads: 1 }) },
  });
  const lines: string[] = [];
  const ended = once(child, 'close');
  const output = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  await Promise.race([once(output, 'line'), ended]);
  child.stdin.write('go\n');
  const timer = flood > 0 ? setInterval(() => child.kill('SIGUSR2'), 1) : null;
  const [code, signal] = (await ended) as [number | null, string | null];
  if (timer !== null) clearInterval(timer);
  expect({ code, signal, by }).toEqual({ code: 0, signal: null, by });
  const [digest, count] = lines.at(-1)!.split(' ');
  return [digest!, Number(count)];
}

describe.skipIf(kernels === null)('a flood of signals, each with a handler', () => {
  it.each(['native', 'tensorflow'] as const)('changes no bit of gradients by %s', async (by) => {
    const [calm] = await gradients(by, 0);
    const [flooded, signals] = await gradients(by, 200);
    expect(calm).toMatch(/^[0-9a-f]{64}$/);
    expect(flooded).toBe(calm);
    expect(signals).toBeGreaterThanOrEqual(200);
  });
});
