/**
 * The quickstart learns, and only what there is to learn: its best individual on phantoms of another
 * seed, the same search on shuffled labels, and scans that were moved about.
 */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emarsExits } from './support/search-process.js';

const root = mkdtempSync(join(tmpdir(), 'emars-quickstart-'));
const at = (name: string): string => join(root, name);
const SCANS = 300;

interface Evaluation {
  readonly id: string;
  readonly n: number;
  readonly correct: number;
  readonly accuracy: number;
  readonly majority: number;
  readonly perClass: Record<string, { n: number; correct: number; predicted: Record<string, number> }>;
}

async function evaluated(run: string, data: string, ...more: string[]): Promise<Evaluation> {
  const { stdout, stderr } = await emarsExits(0, [
    'evaluate',
    at(run),
    '--data',
    at(data),
    '--json',
    ...more,
  ]);
  expect(stderr).toBe(''); // TensorFlow has lines of its own, at every log level.
  return JSON.parse(stdout) as Evaluation;
}

/** P(X ≥ successes) of a binomial, summed in logarithms. */
function upperTail(n: number, successes: number, p: number): number {
  let logTerm = n * Math.log(1 - p);
  let tail = successes <= 0 ? Math.exp(logTerm) : 0;
  for (let k = 1; k <= n; k++) {
    logTerm += Math.log((n - k + 1) / k) + Math.log(p / (1 - p));
    if (k >= successes) tail += Math.exp(logTerm);
  }
  return tail;
}

/** All orders of a list. */
function orders<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]];
  return list.flatMap((first, k) => orders(list.toSpliced(k, 1)).map((rest) => [first, ...rest]));
}

/**
 * How surely the guesses single out the true names of the classes: the largest p, over all other ways to name
 * them, of the scans that only one of the two namings calls right. The guesses of one network hang together
 * within a class, also where it learned nothing, but then no naming is better than another.
 */
function pOfTrueNames({ perClass }: Evaluation): number {
  const names = Object.keys(perClass);
  const guessed = (truth: string, as: string): number => perClass[truth]!.predicted[as] ?? 0;
  const others = orders(names).filter((naming) => naming.some((as, k) => as !== names[k]));
  return Math.max(
    ...others.map((naming) => {
      const moved = names
        .map((truth, k) => [truth, naming[k]!] as const)
        .filter(([truth, as]) => truth !== as);
      const ours = moved.reduce((sum, [truth]) => sum + guessed(truth, truth), 0);
      const theirs = moved.reduce((sum, [truth, as]) => sum + guessed(truth, as), 0);
      return upperTail(ours + theirs, ours, 0.5);
    }),
  );
}

beforeAll(async () => {
  await emarsExits(0, ['data', 'phantom', at('others'), '--seed', '77', '--patients', String(SCANS / 2)]);
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the binomial tail', () => {
  it('is right where it can be counted', () => {
    expect(upperTail(3, 2, 0.5)).toBeCloseTo(0.5, 12);
    expect(upperTail(10, 0, 0.3)).toBeCloseTo(1, 12);
    expect(upperTail(2, 2, 1 / 3)).toBeCloseTo(1 / 9, 12);
  });
});

describe('the quickstart', () => {
  it('finds networks that tell phantoms of another seed apart, beyond chance (p < 0.001)', async () => {
    await emarsExits(0, [
      'search',
      '--config',
      'configs/quickstart.yaml',
      '--trainers',
      '2',
      '--out',
      at('run'),
    ]);
    const result = await evaluated('run', 'others');
    expect(result.n).toBe(SCANS);
    expect(Object.values(result.perClass).reduce((sum, { correct }) => sum + correct, 0)).toBe(
      result.correct,
    );
    expect(result.accuracy).toBeCloseTo(result.correct / SCANS, 12);
    expect(upperTail(SCANS, result.correct, result.majority)).toBeLessThan(0.001);
    expect(pOfTrueNames(result)).toBeLessThan(0.001);
  });

  it('predicts every scan alike when scans, patients and folders are moved about', async () => {
    const { id, ...before } = await evaluated('run', 'others');
    // The same scans under other names, so that names, order and neighbours all change.
    for (const name of Object.keys(before.perClass)) {
      const patients = readdirSync(join(at('others'), name)).reverse();
      patients.forEach((patient, i) =>
        cpSync(join(at('others'), name, patient), join(at('moved'), name, `p${String(i).padStart(4, '0')}`), {
          recursive: true,
        }),
      );
    }
    expect(await evaluated('run', 'moved')).toEqual({ id, ...before });
    expect((await evaluated('run', 'moved', '--id', id.slice(0, 8))).id).toBe(id);
  });

  it('on shuffled labels learns nothing about the true ones (p > 0.05)', async () => {
    await emarsExits(0, [
      'search',
      '--config',
      'configs/quickstart.yaml',
      '--trainers',
      '2',
      '--out',
      at('shuffled'),
      '--set',
      'data.shuffleLabels=true',
    ]);
    const result = await evaluated('shuffled', 'others');
    expect(pOfTrueNames(result)).toBeGreaterThan(0.05);
  });

  it('refuses scans of classes that the run does not know', async () => {
    cpSync(join(at('others'), 'NCP'), join(at('unknown'), 'tumour'), { recursive: true });
    const { stderr } = await emarsExits(3, ['evaluate', at('run'), '--data', at('unknown')]);
    expect(stderr).toContain('tumour');
    expect(
      (await emarsExits(3, ['evaluate', at('run'), '--data', at('others'), '--id', 'zzz'])).stderr,
    ).toContain('--id');
  });
});
