/** Silent corruption on real processes: the arithmetic of one trainer goes wrong, and nothing says so. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { emarsExits, readRun } from './support/search-process.js';

const root = mkdtempSync(join(tmpdir(), 'emars-double-check-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/**
 * Loaded before all else into each process of the search: from its third slot on, trainer-1 changes the first number of
 * each vector that it has computed, in the memory that both its threads share.
 */
const LIE = `
import { isMainThread, MessagePort } from 'node:worker_threads';
const [, program = '', , id] = process.argv;
if (isMainThread && program.endsWith('trainer.js') && id === 'trainer-1') {
  const Shared = globalThis.SharedArrayBuffer;
  let newest = null;
  globalThis.SharedArrayBuffer = function (bytes) {
    newest = new Shared(bytes);
    return newest;
  };
  globalThis.SharedArrayBuffer.prototype = Shared.prototype;
  const post = MessagePort.prototype.postMessage;
  let slots = 0;
  MessagePort.prototype.postMessage = function (message, ...more) {
    const answer = message?.value;
    if (answer?.bad === null && Number.isInteger(answer.length) && ++slots > 2) new Float32Array(newest)[0] += 0.25;
    return post.call(this, message, ...more);
  };
}
`;

it('a trainer that computes wrongly is found by two others, sent away, and changes no byte', async () => {
  const hook = join(root, 'lie.mjs');
  writeFileSync(hook, LIE);
  const args = (name: string, trainers: number): string[] => [
    ...['search', '--config', 'configs/smoke.yaml', '--seed', '5', '--trainers', String(trainers)],
    ...['--set', 'warmup.epochs=0', '--set', 'evolution.epochs=2', '--out', join(root, name)],
  ];
  const lying = { NODE_OPTIONS: `--import ${hook}` };
  await emarsExits(0, args('honest', 2));
  const { stderr } = await emarsExits(0, [...args('found', 3), '--set', 'runtime.doubleCheck=1'], lying);
  const front = (name: string): string => readFileSync(join(root, name, 'front.json'), 'utf8');
  expect(front('found')).toBe(front('honest'));
  const words = /it computed slot \d+ of step \d+ otherwise than trainer-[02] and trainer-[02]/;
  expect(stderr).toMatch(new RegExp(`trainer-1 is given up: .*${words.source}`));
  const run = readRun(join(root, 'found'))!;
  expect(run.processes.filter(({ quarantined }) => quarantined !== null).map(({ id }) => id)).toEqual([
    'trainer-1',
  ]);
  expect(run.processes.find(({ id }) => id === 'trainer-1')!.quarantined).toMatch(words);
  expect(run.checkedSlots).toBeGreaterThan(0);
  expect(readFileSync(join(root, 'found', 'report.html'), 'utf8')).toContain(
    'Quarantined: <code>trainer-1</code>',
  );

  // Nobody looks: the wrong numbers are in the result.
  await emarsExits(0, [...args('unseen', 3), '--set', 'runtime.doubleCheck=0'], lying);
  expect(front('unseen')).not.toBe(front('honest'));
});
