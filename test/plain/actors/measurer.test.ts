/** A measurement that hangs ends its process, from the other thread, and says which objective it was. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { measurementMs } from '#emars/actors/worker/worker-bus.js';
import { loadOptions } from '#emars/config/load.js';

const options = loadOptions({
  text: 'runtime: {hangSeconds: 7}\nobjectives: [accuracy, {name: mine, direction: min, module: /m.mjs, deadline: 3}]\n',
});

it('a built-in one has six times runtime.hangSeconds; a module of a user has the deadline of its sandbox', () => {
  expect(measurementMs(options, 'accuracy')).toBe(42_000);
  expect(measurementMs(options, 'mine')).toBeGreaterThan(86_400_000);
});

it('the process ends with its reason where a built-in one does not answer', () => {
  const script = `
import { ThreadDeadline } from '#emars/runtime/process/thread.js';
import { measurerOn } from '#emars/actors/worker/worker-bus.js';
const main = { call: (ms) => Promise.reject(new ThreadDeadline('main', ms)) };
const snapshots = { ensure: () => Promise.resolve() };
const options = { runtime: { hangSeconds: 7 }, objectives: [] };
const measurer = measurerOn(main, options, snapshots, () => process.exit(5));
await measurer.measure({ objective: 'accuracy', snapshot: '' }).catch(() => process.exit(6));
process.exit(7);
`;
  const args = ['--input-type=module', '--eval', script];
  const { signal, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stderr).toBe('accuracy did not end within its deadline of 42 s\n');
  expect(signal).toBe('SIGKILL');
});
