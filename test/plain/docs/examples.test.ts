/** What the guides show as code works: the objective of docs/examples, and every configuration in a block. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeObjectives } from '#emars/actors/objective/own-objectives.js';
import { objectiveRules } from '#emars/actors/setup/objective-rules.js';
import { DEFAULTS } from '#emars/config/defaults.js';
import { loadOptions } from '#emars/config/load.js';
import type { GenomeObjective } from '#emars/objectives/objective.js';
import type { Operation } from '#emars/space/space.js';
import { ROOT, codeBlocks, pages, textOf } from './pages.js';

describe('the objective of docs/guides/own-objective.md', () => {
  const options = loadOptions({
    file: ['configs/smoke.yaml', 'docs/examples/memory.yaml'].map((path) => join(ROOT, path)),
  });
  const { stem, widths, strides, blocks, head } = options.supernet;
  const space = {
    stem,
    widths,
    strides,
    blocks,
    head,
    operations: options.supernet.operations as Operation[],
    classes: 3,
  };

  it('is loaded as a search loads it, and selects beside accuracy', async () => {
    const rules = objectiveRules(options, await describeObjectives(options));
    expect(rules).toMatchObject([
      { name: 'accuracy', direction: 'max', selects: true },
      { name: 'memory', direction: 'min', unit: 'MB', needs: 'genome', selects: true },
    ]);
  });

  // By hand. 16x32x32 is 8x16x16 after the stem, 4x8x8 in cell 0, 2x4x4 in cell 1. Stem: 8·16·16·8 = 16384 floats.
  it.each<[string, Operation[], number]>([
    ['the stem, where every block is skipped', ['skip', 'skip', 'skip', 'skip'], 16384],
    ['a block of cell 0: 4·8·8 voxels, 8 channels, (1 + 2·6)', ['mb_k3_e6', 'skip', 'skip', 'skip'], 26624],
    [
      'the stem again, as a block of cell 1 is small: 2·4·4·16·13 = 6656',
      ['skip', 'skip', 'skip', 'mb_k3_e6'],
      16384,
    ],
  ])('gives the memory of %s', async (_, genome, floats) => {
    const { module } = options.objectives.find(({ name }) => name === 'memory')!;
    const { default: memory } = (await import(module!)) as { readonly default: GenomeObjective };
    expect(memory.measure({ space, genome, input: options.input })).toEqual({
      value: (4 * floats) / 2 ** 20,
    });
  });

  it('has at most 40 lines, as many as the guide says', () => {
    const lines = textOf('docs/examples/memory.mjs').trimEnd().split('\n').length;
    expect(lines).toBeLessThanOrEqual(40);
    expect(textOf('docs/guides/own-objective.md')).toContain(`in ${lines} lines`);
  });

  it('stands in the guide as it stands in the example', () => {
    const [block] = codeBlocks('docs/guides/own-objective.md').filter(({ language }) => language === 'yaml');
    expect(textOf('docs/examples/memory.yaml')).toContain(block?.lines.join('\n'));
  });
});

describe('configurations in code blocks', () => {
  const blocks = pages.flatMap((page) => codeBlocks(page).filter(({ language }) => language === 'yaml'));

  it.each(blocks.map(({ page, lines }) => [page, lines.join('\n')]))('of %s load', (_, text) => {
    expect(() => loadOptions({ text })).not.toThrow();
  });

  it('are there to be checked', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(2);
  });
});

describe('settings that a page names', () => {
  const valueOf = (path: string): unknown =>
    path
      .split('.')
      .reduce<unknown>((tree, key) => (tree as Record<string, unknown> | undefined)?.[key], DEFAULTS);
  const sections = Object.entries(DEFAULTS)
    .filter(([, value]) => typeof value === 'object' && value !== null && !Array.isArray(value))
    .map(([name]) => name);
  const KEY = new RegExp(
    `\`((?:${sections.join('|')})(?:\\.(?!ts|log|json)[a-zA-Z]+)+)\`(?: \\((\\d+))?`,
    'g',
  );
  const named = pages
    .filter((page) => page !== 'CHANGELOG.md')
    .flatMap((page) =>
      [...textOf(page).matchAll(KEY)].map(([, path = '', number]) => ({ page, path, number })),
    );

  it('are settings, with the number behind them as their default', () => {
    expect(named.filter(({ number }) => number !== undefined).length).toBeGreaterThan(5);
    expect(
      named.filter(
        ({ path, number }) =>
          valueOf(path) === undefined || (number !== undefined && valueOf(path) !== Number(number)),
      ),
    ).toEqual([]);
  });
});
