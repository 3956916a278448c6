/** `emars inspect` against the sizes the paper and its authors' code give. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extremes } from '#emars/app/inspect.js';
import { pathCost } from '#emars/space/cost.js';
import type { SearchSpace } from '#emars/space/space.js';
import { config, emars, mistake } from './run-emars.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'emars-inspect-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Inspected {
  readonly parameters: number;
  readonly sizeMB: number;
  readonly flops: number;
  readonly blocks: {
    readonly index: number;
    readonly op: string;
    readonly parameters: number;
    readonly flops: number;
    readonly outputShape: number[];
  }[];
  readonly supernet: { readonly parameters: number; readonly sizeMB: number };
}

describe('emars inspect', () => {
  it.each([
    ['skip', 1.95],
    ['mb_k7_e4', 22.61],
  ])('gives a paper network of %s everywhere %s MB, the SuperNet 97.4 MB', async (operation, size) => {
    const genome = join(folder, `${operation}.json`);
    writeFileSync(genome, JSON.stringify({ genome: Array.from({ length: 21 }, () => operation) }));
    const { code, stdout } = await emars([
      'inspect',
      '--config',
      config('paper.yaml'),
      '--genome',
      genome,
      '--json',
    ]);
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as Inspected;
    expect(Object.keys(result).sort()).toEqual([
      'architecture',
      'blocks',
      'flops',
      'parameters',
      'sizeMB',
      'supernet',
    ]);
    expect(Math.abs(result.sizeMB / size - 1)).toBeLessThan(0.01);
    expect(Math.abs(result.supernet.sizeMB / 97.4 - 1)).toBeLessThan(0.01);
    expect(result.blocks.reduce((sum, block) => sum + block.parameters, 0)).toBe(result.parameters);
    expect(result.blocks.reduce((sum, block) => sum + block.flops, 0)).toBe(result.flops);
    expect(result.blocks.filter(({ op }) => op === operation)).toHaveLength(21);
    expect(result.blocks.map(({ index }) => index)).toEqual(result.blocks.map((_, index) => index));
  });

  it.each([
    ['resnet3d-101', 325.21],
    ['densenet3d-121', 43.06],
    ['mc3-18', 43.84],
  ])(
    'gives %s %s MB as the paper counts, and within 0.5 %% of it on scans of one channel',
    async (name, size) => {
      const { code, stdout } = await emars(['inspect', '--baseline', name, '--json']);
      expect(code).toBe(0);
      const result = JSON.parse(stdout) as Inspected & { published: { sizeMB: number } };
      expect(Math.abs(result.published.sizeMB - size)).toBeLessThan(0.01);
      expect(Math.abs(result.sizeMB / size - 1)).toBeLessThan(0.005);
      expect(result.blocks.reduce((sum, block) => sum + block.parameters, 0)).toBe(result.parameters);
    },
  );

  it('refuses a baseline there is none of, and one together with a genome', async () => {
    const unknown = await mistake('inspect', '--baseline', 'resnet3d-18');
    expect(unknown.code).toBe(2);
    expect(unknown.lines.join()).toMatch(/resnet3d-101, densenet3d-121, mc3-18/);
    const both = await mistake('inspect', '--baseline', 'mc3-18', '--genome', '-');
    expect(both.code).toBe(2);
    expect(both.lines.join()).toMatch(/cannot be used with/);
  });

  it('reads a genome from standard input and prints a table for people', async () => {
    const { code, stdout } = await emars(['inspect', '--config', config('smoke.yaml'), '--genome', '-'], {
      input: '{"genome": ["skip", "mb_k3_e3", "skip", "mb_k7_e4"]}',
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/mb_k7_e4 +24,288 +[\d,]+ +2 x 4 x 4 x 16/);
    expect(stdout).toMatch(/SuperNet +216,331 parameters, 0\.83 MB/);
  });

  it.each([
    ['{"genome": ["skip"]}', /expected a genome of 4 operations, got 1/],
    ['{"genome": ["skip", "skip", "skip", "mb_k9_e9"]}', /expected block 3 to be one of .*got "mb_k9_e9"/],
    ['{"genome": "skip"}', /a list of names/],
    ['["skip"]', /a list of names/],
    ['not\njson', /expected JSON like/],
  ])('refuses a genome file of %j with 2 and one line', async (text, message) => {
    writeFileSync(join(folder, 'wrong.json'), text);
    expect(
      await mistake('inspect', '--config', config('smoke.yaml'), '--genome', join(folder, 'wrong.json')),
    ).toEqual({ code: 2, lines: [expect.stringMatching(message) as string] });
  });

  it('finds the smallest and the largest network: no other of a small space lies outside', () => {
    const space: SearchSpace = {
      stem: 4,
      widths: [4, 8],
      strides: [2, 1],
      blocks: [1, 2],
      operations: ['mb_k3_e6', 'mb_k7_e3', 'skip'],
      head: 8,
      classes: 2,
    };
    const input = { slices: 8, size: 16 };
    const { smallest, largest } = extremes(space, input);
    const { operations } = space;
    const all = operations.flatMap((a) =>
      operations.flatMap((b) => operations.map((c) => pathCost(space, [a, b, c], input).parameters)),
    );
    expect(pathCost(space, smallest, input).parameters).toBe(Math.min(...all));
    expect(pathCost(space, largest, input).parameters).toBe(Math.max(...all));
  });
});
