/** The page of defaults cannot drift from the code, and every shipped file loads. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DEFAULTS } from '#emars/config/defaults.js';
import { describeOptions, optionsHash } from '#emars/config/describe.js';
import { loadOptions } from '#emars/config/load.js';
import { knownPaths } from '#emars/config/merge.js';

const CONFIGS = join(import.meta.dirname, '../../../configs');
const shipped = ['', 'experiments/'].flatMap((folder) =>
  readdirSync(join(CONFIGS, folder))
    // Studies have keys of their own, see test/plain/study.
    .filter((name) => name.endsWith('.yaml') && !name.startsWith('study-'))
    .map((name) => folder + name),
);

describe('configs/defaults.yaml', () => {
  const page = readFileSync(join(CONFIGS, 'defaults.yaml'), 'utf8');

  it('has every key, in the order of the code', () => {
    expect(knownPaths(parse(page) as object)).toEqual(knownPaths());
  });

  it('gives every key the default of the code', () => {
    expect(loadOptions({ file: join(CONFIGS, 'defaults.yaml') })).toEqual(DEFAULTS);
  });

  it('explains what it lists: three lines of four have a comment', () => {
    const keys = page.split('\n').filter((line) => /^\s+\w+:/.test(line));
    expect(keys.filter((line) => line.includes('#')).length).toBeGreaterThan(0.75 * keys.length);
  });
});

describe('shipped configurations', () => {
  it('are those the documentation names', () => {
    expect(shipped.sort()).toEqual(
      [
        'defaults',
        'nodules',
        'paper',
        'quickstart',
        'retrain',
        'retrain-nodules',
        'retrain-paper',
        'smoke',
        'transfer-covid-ctset',
        'transfer-mosmed',
        ...['a', 'b', 'c', 'd', 'e'].map((name) => `experiments/${name}`),
      ]
        .map((name) => `${name}.yaml`)
        .sort(),
    );
  });

  it.each(shipped)('%s loads, and its filled form loads to the same options', (name) => {
    const options = loadOptions({ file: join(CONFIGS, name) });
    const again = loadOptions({ text: describeOptions(options) });
    expect(again).toEqual(options);
    expect(optionsHash(again)).toBe(optionsHash(options));
  });

  it.each(['a', 'b', 'c', 'd', 'e'])('experiment %s also runs at the size of the paper', (name) => {
    const options = loadOptions({
      file: ['paper.yaml', `experiments/${name}.yaml`].map((file) => join(CONFIGS, file)),
    });
    expect(options.supernet.head).toBe(1280);
    expect(options.objectives).toEqual(
      loadOptions({ file: join(CONFIGS, `experiments/${name}.yaml`) }).objectives,
    );
  });

  it('holds the sizes that were measured to fit', () => {
    const sizes = (name: string) => {
      const { supernet, input, training, warmup, evolution, data } = loadOptions({
        file: join(CONFIGS, name),
      });
      const net = [
        supernet.stem,
        supernet.widths.join(),
        supernet.strides.join(),
        supernet.blocks.join(),
        supernet.head,
      ].join('; ');
      const scans = data.phantom.patients * data.phantom.scansPerPatient;
      return {
        net,
        input: `${input.slices}x${input.size}, ${training.batch}`,
        scans,
        search: [
          warmup.epochs,
          evolution.population,
          evolution.keep,
          evolution.epochs,
          training.individualsPerStep,
        ].join(' '),
      };
    };
    expect(sizes('smoke.yaml')).toEqual({
      net: '8; 8,16; 2,2; 2,2; 64',
      input: '16x32, 8',
      scans: 48,
      search: '1 6 3 4 2',
    });
    expect(sizes('quickstart.yaml')).toEqual({
      net: '16; 12,20,40; 2,2,2; 2,2,2; 160',
      input: '16x32, 8',
      scans: 180,
      search: '2 12 6 30 2',
    });
    expect(sizes('nodules.yaml')).toMatchObject({
      net: '16; 12,20,40; 2,2,2; 2,2,2; 160',
      input: '8x40, 8',
      search: '3 8 4 40 2',
    });
    expect(sizes('paper.yaml')).toMatchObject({
      net: '32; 24,40,80,96,192,320; 2,2,2,1,2,1; 4,4,4,4,4,1; 1280',
      input: '32x64, 64',
      search: '5 20 10 95 1',
    });
  });

  it('reads paper.yaml as the paper and the authors say', () => {
    const { training, warmup } = loadOptions({ file: join(CONFIGS, 'paper.yaml') });
    expect(training).toMatchObject({
      optimizer: 'sgd',
      learningRate: 0.001,
      momentum: 0.0003,
      dropout: 0.5,
      microBatches: 4,
    });
    expect(warmup.candidates).toBeNull();
  });
});
