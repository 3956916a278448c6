/** The objective that fails does so for the same networks each time, and says so. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Failing } from '#emars/chaos/failing-objective.js';
import { FailingObjective } from '#emars/chaos/failing-objective.js';
import { FAULT_KINDS, failingOf } from '#emars/chaos/faults.js';
import { loadOptions } from '#emars/config/load.js';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'emars-failing-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Module {
  readonly default: { readonly name: string; measure(subject: { genome: string[] }): { value: unknown } };
}
const GENOMES = Array.from({ length: 40 }, (_, i) => ['skip', `mb_k3_e${i}`]);

/** Objective and module, and what it answers for each genome; a text where it throws. */
async function answersOf(
  name: string,
  failing: Failing,
): Promise<{ objective: FailingObjective; ask: () => unknown[]; module: Module }> {
  const objective = await FailingObjective.at(join(root, name), failing);
  const module = (await import(pathToFileURL(join(root, name, 'objective.mjs')).href)) as Module;
  const one = (genome: string[]): unknown => {
    try {
      return module.default.measure({ genome }).value;
    } catch (error) {
      return `throws ${(error as Error).message}`;
    }
  };
  return { objective, ask: () => GENOMES.map(one), module };
}

describe('an objective that fails', () => {
  it('throws for some networks and measures the others, the same ones in each folder', async () => {
    const { objective, ask } = await answersOf('one', 'throws');
    expect(objective.hasFailed).toBe(false);
    const answers = ask();
    expect(objective.hasFailed).toBe(true);
    const thrown = answers.filter((answer) => answer === 'throws no such layer');
    expect(thrown.length).toBeGreaterThan(0);
    expect(thrown.length).toBeLessThan(GENOMES.length);
    expect((await answersOf('two', 'throws')).ask()).toEqual(answers);
  });

  it('lies with NaN, a text and 1e308, and answers otherwise each time it is asked', async () => {
    const { ask } = await answersOf('one', 'lies');
    const [first, second] = [ask(), ask()];
    expect(first).toEqual(expect.arrayContaining([NaN, '7', 1e308]));
    for (const [i, answer] of first.entries())
      if (typeof answer === 'number' && answer < 1e6) expect(second[i]).toBe(answer + 1000);
    expect((await answersOf('two', 'lies')).ask()).toEqual(first);
  });

  it('is one of the objectives of its search, beside those of the configuration', async () => {
    for (const kind of FAULT_KINDS.map(failingOf)) {
      if (kind === null) continue;
      const { objective, module } = await answersOf(kind, kind);
      const before = loadOptions({ text: 'seed: 1\n' }).objectives;
      const [flag, setting] = objective.settings(before) as [string, string];
      expect(flag).toBe('--set');
      const { objectives } = loadOptions({ text: 'seed: 1\n', set: [setting] });
      expect(objectives.slice(0, -1)).toEqual(before);
      expect(objectives.at(-1)).toMatchObject({ name: module.default.name, direction: 'min' });
    }
  });
});
