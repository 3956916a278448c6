/** The API is what src/index.ts names, and what cannot be served is refused at once, with nothing written. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import * as emars from 'emars';

const root = mkdtempSync(join(tmpdir(), 'emars-library-'));
const at = (...parts: string[]): string => join(root, ...parts);
afterAll(() => rmSync(root, { recursive: true, force: true }));

it('the package gives these functions and errors, and nothing else', () => {
  expect(Object.keys(emars).sort()).toEqual([
    'ConfigError',
    'CredentialsError',
    'EmarsError',
    'NotARun',
    'RequestError',
    'RunFolderError',
    'ScanError',
    'bestIndividual',
    'evaluate',
    'inspectData',
    'openProfile',
    'readCatalogue',
    'readRun',
    'readScan',
    'report',
    'resume',
    'search',
    'select',
  ]);
});

describe('a search is refused', () => {
  const refused = (request: Partial<emars.SearchRequest>): (() => unknown) => {
    return () => emars.search({ out: at('run'), ...request });
  };

  it('for a configuration with problems, all of them at once', () => {
    expect(refused({ options: { seed: -1, evolution: { keep: 0 } } })).toThrow(emars.ConfigError);
    expect(refused({ options: { seed: -1, evolution: { keep: 0 } } })).toThrow(/seed[\s\S]*evolution\.keep/);
    expect(refused({ options: { objectives: ['accuracy', 'speed'] } })).toThrow(/objectives/);
  });

  it('for an objective that is a function and cannot be one', () => {
    const depth: emars.GenomeObjective = {
      name: 'depth',
      unit: 'blocks',
      direction: 'min',
      needs: 'genome',
      measure: () => ({ value: 1 }),
    };
    const given = (objectives: readonly unknown[]): (() => unknown) =>
      refused({ options: { objectives: objectives as emars.ObjectiveSetting[] } });
    expect(given([depth])).toThrow(/beside depth; add 'accuracy'/);
    expect(given(['accuracy', depth, depth])).toThrow(/each objective once, got depth twice/);
    for (const [change, words] of [
      [{ name: 'A b' }, /objective "A b": expected a name/],
      [{ direction: 'up' }, /direction max or min/],
      [{ needs: 'weights' }, /needs genome or history/],
      [{ measure: 3 }, /measure to be a function/],
      [{ unit: 'x'.repeat(33) }, /a unit of at most 32/],
    ] as const)
      expect(given(['accuracy', { ...depth, ...change }])).toThrow(words);
    expect(given(['accuracy', { ...depth, name: 'size' }])).toThrow(/size is built in/);
    expect(given(['accuracy', depth, { name: 'depth', direction: 'min', module: '/x.js' }])).toThrow(/depth/);
  });

  it('for a folder in use, scans that are not there, and processes that cannot be', () => {
    mkdirSync(at('used'));
    writeFileSync(at('used', 'file'), '');
    expect(refused({ out: at('used') })).toThrow(emars.RequestError);
    expect(refused({ options: { data: { path: at('none') } } })).toThrow(/none/);
    expect(refused({ trainers: 0 })).toThrow(/trainers/);
    expect(refused({ devices: ['gpu'] })).toThrow(/devices/);
    expect(refused({ devices: ['cuda:0', 'cuda:0'] })).toThrow(/each device once/);
  });

  it('and leaves no folder behind', () => {
    expect(existsSync(at('run'))).toBe(false);
  });
});

it('a search that is stopped before it begins rejects with the reason, for who reads and for who waits', async () => {
  const reason = new Error('not today');
  const run = emars.search({ out: at('stopped'), signal: AbortSignal.abort(reason) });
  await expect(run.result).rejects.toBe(reason);
  const read = (async () => {
    for await (const event of run.events) expect(event).toBeUndefined();
  })();
  await expect(read).rejects.toBe(reason);
});

it('a folder that holds no run is not resumed, read or evaluated', async () => {
  mkdirSync(at('empty'));
  expect(() => emars.resume(at('empty'))).toThrow(emars.NotARun);
  expect(() => emars.resume(at('nowhere'))).toThrow(emars.RequestError);
  await expect(emars.readRun(at('empty'))).rejects.toThrow(emars.RunFolderError);
  await expect(emars.evaluate({ run: at('empty'), data: root })).rejects.toThrow(emars.NotARun);
});

it('a selection is that of a search, and a wrong request says which field', () => {
  const values = [
    [0.9, 5],
    [0.8, 2],
    [0.7, 4],
  ];
  expect(emars.select({ values, directions: ['max', 'min'], keep: 2 }).selected).toEqual([0, 1]);
  expect(() => emars.select({ values, directions: ['max'], keep: 2 })).toThrow(emars.RequestError);
  expect(() => emars.select({ values, directions: ['max', 'min'], keep: 9 })).toThrow(/keep|1 to 3/);
});
