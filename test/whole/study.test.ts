/**
 * A study as a person starts it. Killed with its whole process group in the search and in the last training, it
 * goes on, and comes to the bytes of one that was never disturbed.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../support/until.js';
import { emarsExits, readRun } from './support/search-process.js';

const CLI = join(import.meta.dirname, '../../bin/emars.mjs');
const TINY = `
search:
  supernet: {stem: 8, widths: [8, 16], strides: [2, 2], blocks: [1, 1], head: 32}
  input: {slices: 8, size: 24}
  training: {batch: 8, individualsPerStep: 2, optimizer: adam, learningRate: 0.003}
  warmup: {epochs: 1}
  evolution: {population: 4, keep: 2, epochs: 1}
  data:
    split: {test: 0.2}
    phantom: {patients: 20, slices: 8, size: 32}
retrain: {top: 2, rankEpochs: 1, epochs: 2, recipe: {training: {batch: 8, microBatches: 1}, objectives: [accuracy]}}
baselines: {networks: [mc3-small], epochs: 1}
newScans: {seed: 7, patients: 3}
`;

let folder = '';
let config = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emars-study-'));
  config = join(folder, 'tiny.yaml');
  writeFileSync(config, TINY);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a study in a process group of its own and kills the group as soon as `stage` has taken a step. */
async function killedIn(stage: string, args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [CLI, 'study', ...args], { detached: true, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the study ended before ${stage}`);
    return (readRun(stage)?.step ?? 0) >= 1;
  }, 600_000);
  process.kill(-child.pid!, 'SIGKILL');
  await ended;
}

interface Recorded {
  readonly phases: readonly { readonly name: string; readonly files: readonly { readonly path: string }[] }[];
}

const recordOf = (root: string): Recorded =>
  JSON.parse(readFileSync(join(root, 'study.json'), 'utf8')) as Recorded;

it('comes to equal bytes after kill -9 of all its processes in two phases, with other trainers', async () => {
  const [whole, cut] = [join(folder, 'whole'), join(folder, 'cut')];
  const { stderr } = await emarsExits(0, ['study', '--config', config, '--out', whole]);
  // Nor what TensorFlow says at its start.
  expect(stderr).not.toMatch(/absl|oneDNN|tensorflow\/core/);

  await killedIn(join(cut, 'search'), ['--config', config, '--out', cut, '--trainers', '1']);
  expect(recordOf(cut).phases.map(({ name }) => name)).toEqual(['new-scans']);
  await killedIn(join(cut, 'retrain/final'), ['--resume', cut, '--trainers', '2']);
  expect(recordOf(cut).phases.map(({ name }) => name)).toEqual(['new-scans', 'search']);
  const { stdout } = await emarsExits(0, ['study', '--resume', cut, '--trainers', '1', '--json']);
  const last = JSON.parse(stdout.trim().split('\n').at(-1)!) as { study: string; files: string[] };
  expect(last.study).toBe('done');

  // All but the search's own page, which says what happened when.
  const files = last.files.filter((path) => path !== 'search/report.html');
  expect(files.length).toBeGreaterThan(15);
  for (const path of [...files, 'index.html'])
    expect(readFileSync(join(cut, path)).equals(readFileSync(join(whole, path))), path).toBe(true);

  // A file that is lost makes its phase, and those after it, anew.
  rmSync(join(cut, 'model.onnx'));
  const again = await emarsExits(0, ['study', '--resume', cut]);
  expect(again.stdout).toMatch(/explain: done before\n.*export: the model for other programs/);
  expect(readFileSync(join(cut, 'model.onnx')).equals(readFileSync(join(whole, 'model.onnx')))).toBe(true);
});

it('has a page that links every file it names, and each is there', () => {
  const root = join(folder, 'whole');
  const page = readFileSync(join(root, 'index.html'), 'utf8');
  const linked = [...page.matchAll(/href="([^"#][^"]*)"/g)].map(([, path = '']) => decodeURIComponent(path));
  expect(linked.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const recorded = recordOf(root).phases.flatMap(({ files }) => files.map(({ path }) => path));
  expect(recorded.filter((path) => !linked.includes(path))).toEqual([]);
  expect(page).not.toContain(folder);
});
