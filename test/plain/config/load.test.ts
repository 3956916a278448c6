import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULTS } from '#emars/config/defaults.js';
import { optionsHash } from '#emars/config/describe.js';
import { loadOptions } from '#emars/config/load.js';
import { nearestPath } from '#emars/config/problem.js';
import { knownPaths } from '#emars/config/merge.js';
import { positiveClass } from '#emars/config/positive.js';
import { problemsOf } from './problems.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'emars-config-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string | Buffer): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

describe('filling', () => {
  it('gives the defaults where nothing is said, also by an empty file or a section of comments', () => {
    expect(loadOptions({})).toEqual(DEFAULTS);
    expect(loadOptions({ text: '' })).toEqual(DEFAULTS);
    expect(loadOptions({ text: 'training:\n  # batch: 4\n' })).toEqual(DEFAULTS);
  });

  it('merges sections key by key and replaces lists', () => {
    const options = loadOptions({
      text: 'supernet: {operations: [mb_k3_e3, skip]}\ntraining: {flips: {vertical: false}}',
    });
    expect(options.supernet).toEqual({ ...DEFAULTS.supernet, operations: ['mb_k3_e3', 'skip'] });
    expect(options.training.flips).toEqual({ horizontal: true, vertical: false });
  });

  it('lets later files win over earlier ones, settings over files, flags over settings', () => {
    const files = [
      file('one.yaml', 'seed: 10\nwarmup: {epochs: 3, candidates: 20}'),
      file('two.yaml', 'seed: 20\nwarmup: {epochs: 4}'),
    ];
    expect(loadOptions({ file: files })).toMatchObject({ seed: 20, warmup: { epochs: 4, candidates: 20 } });
    expect(loadOptions({ file: files, set: ['seed=30', 'warmup.candidates=null'] })).toMatchObject({
      seed: 30,
      warmup: { candidates: null },
    });
    expect(
      loadOptions({ file: files, set: ['seed=30'], overrides: { seed: 40, data: { path: undefined } } }),
    ).toMatchObject({ seed: 40, data: { path: null } });
  });

  it('is frozen to the last leaf and shares nothing with the caller', () => {
    const operations = ['mb_k3_e3', 'skip'];
    const options = loadOptions({ overrides: { supernet: { operations } } });
    for (const part of [options, options.training.flips, options.supernet.operations, options.objectives[0]])
      expect(Object.isFrozen(part)).toBe(true);
    operations.push('mb_k5_e3');
    expect(options.supernet.operations).toEqual(['mb_k3_e3', 'skip']);
    expect(() => Object.assign(options.training, { batch: 1 })).toThrow(TypeError);
  });

  it('resolves relative paths from the folder of the file they stand in', () => {
    mkdirSync(join(folder, 'sub'), { recursive: true });
    const name = file(
      'sub/paths.yaml',
      'data: {path: ../scans, split: {file: split.json}}\nobjectives: [accuracy, {name: memory, direction: min, module: ./memory.js}]',
    );
    const { data, objectives } = loadOptions({ file: name });
    expect(data.path).toBe(join(folder, 'scans'));
    expect(data.split.file).toBe(join(folder, 'sub/split.json'));
    expect(objectives[1]).toEqual({
      name: 'memory',
      direction: 'min',
      module: join(folder, 'sub/memory.js'),
      deadline: 60,
    });
    expect(loadOptions({ set: ['data.path=scans'] }).data.path).toBe(join(process.cwd(), 'scans'));
  });

  it('reads the short forms of objectives', () => {
    expect(
      loadOptions({ text: 'objectives: [size:max, accuracy, {name: flops}]' }).objectives.map(
        ({ name, direction }) => `${name} ${direction}`,
      ),
    ).toEqual(['size max', 'accuracy max', 'flops min']);
  });

  it('hashes by value: order of keys and of sources does not matter, any change does', () => {
    const hash = optionsHash(loadOptions({ text: 'seed: 7\ntraining: {batch: 4, dropout: 0}' }));
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(optionsHash(loadOptions({ set: ['training.dropout=0', 'training.batch=4', 'seed=7'] }))).toBe(
      hash,
    );
    expect(optionsHash(loadOptions({ set: ['training.dropout=0', 'training.batch=4', 'seed=8'] }))).not.toBe(
      hash,
    );
  });
});

describe('unknown keys', () => {
  it.each([
    ['training: {bach: 4}', 'training.bach', 'training.batch'],
    ['trainig: {batch: 4, dropout: 0}', 'trainig', 'training'],
    ['trainig: {batch: 4}', 'trainig.batch', 'training.batch'],
    ['learning_rate: 1', 'learning_rate', 'training.learningRate'],
    ['population: 20', 'population', 'evolution.population'],
    ['data: {phantom: {patient: 3}}', 'data.phantom.patient', 'data.phantom.patients'],
    ['data: {shufflelabels: true}', 'data.shufflelabels', 'data.shuffleLabels'],
    ['evolution: {crossoverProb: 0.1}', 'evolution.crossoverProb', 'evolution.crossoverProbability'],
  ])('%s leads to the nearest key', (text, path, nearest) => {
    expect(problemsOf({ text })).toMatchObject([{ path, remedy: `did you mean ${nearest}?` }]);
  });

  it('finds every key again after one letter is lost', () => {
    for (const path of knownPaths()) {
      const damaged = path.slice(0, -2) + path.slice(-1);
      if (!knownPaths().includes(damaged)) expect(nearestPath(damaged, knownPaths())).toBe(path);
    }
  });

  it.each([
    '__proto__: {polluted: 1}',
    'constructor: {prototype: {polluted: 1}}',
    'training: {__proto__: {polluted: 1}}',
    'objectives: [{__proto__: {name: size}}]',
  ])('refuses %s and leaves prototypes alone', (text) => {
    expect(problemsOf({ text }).length).toBeGreaterThan(0);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('refuses the same by --set', () => {
    expect(problemsOf({ set: ['__proto__.polluted=1', 'constructor.prototype.polluted=1'] })).toHaveLength(2);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('files and YAML', () => {
  it.each([
    ['a: [1, 2', /yaml:1:\d+: expected valid YAML/],
    ['seed: 1\n\ttraining: 2', /yaml:2:1: .*spaces/],
    ['seed: 1\nseed: 2', /yaml:2:1: .*unique/],
    ['seed: 1\n---\nseed: 2', /yaml:2:1: .*second document/],
    ['seed: !!js/function "x"', /yaml:1:7: .*tag/],
    ['a: &x [1]\nb: *x', /yaml:2:4: expected plain values, got an alias, \*x/],
    ['- 1\n- 2', /expected a section with keys among seed, engine/],
    ['training: 5', /yaml:1:1: training: expected a section .* got 5/],
    ['['.repeat(100_000), /levels deep/],
    ['- '.repeat(2_000), /levels deep/],
    ['{a: '.repeat(60), /levels deep|valid YAML/],
    ['#'.repeat(1024 * 1024 + 1), /at most 1048576 bytes/],
    [lines(90_000, (i) => `k${i}: 1`), /at most 20000 keys and entries/],
    [`a: [${'1,'.repeat(50_000)}]`, /at most 20000 keys and entries/],
    ['training: {batch: 4, epochs: 1, "batch": 4}', /yaml:1:33: .*unique/],
  ])('refuses %.20s with its place', (text, message) => {
    expect(problemsOf({ file: file('broken.yaml', text) }).map(({ line }) => line)).toEqual(
      expect.arrayContaining([expect.stringMatching(message) as string]),
    );
  });

  it('refuses bytes that are no text, missing files and folders in one line', () => {
    expect(problemsOf({ file: file('binary.yaml', Buffer.from([0xff, 0xfe, 0x00])) })[0]?.line).toMatch(
      /UTF-8/,
    );
    expect(problemsOf({ file: join(folder, 'none.yaml') })).toMatchObject([
      { where: join(folder, 'none.yaml'), got: 'no such file' },
    ]);
    expect(problemsOf({ file: folder })).toMatchObject([{ got: 'a folder' }]);
  });

  it('refuses a pipe and a device instead of waiting for them', () => {
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(folder, 'pipe.yaml')]);
    for (const path of [join(folder, 'pipe.yaml'), '/dev/zero'])
      expect(problemsOf({ file: path })).toMatchObject([{ where: path, got: 'a pipe or device' }]);
  });

  it('has thousands of problems in one message of some lines', () => {
    const text = lines(3000, (i) => `k${i}: 1`);
    expect(problemsOf({ text })).toHaveLength(3000);
    expect(() => loadOptions({ text })).toThrow(/^(.*\n){50}and 2950 problems more$/);
  });

  it.each(['seed', '=4', 'training..batch=4', ' =1'])('refuses --set %j', (setting) => {
    expect(problemsOf({ set: [setting] })[0]?.line).toMatch(/--set: expected key=value/);
  });

  it('names file, line and column of a wrong value, also inside a list', () => {
    const name = file(
      'places.yaml',
      'seed: 1\ntraining:\n  batch: many\nobjectives:\n  - accuracy\n  - size:sideways\n',
    );
    expect(problemsOf({ file: name }).map(({ where, path }) => `${where} ${path}`)).toEqual([
      `${name}:3:3 training.batch`,
      `${name}:6:5 objectives[1]`,
    ]);
  });
});

describe('the positive class', () => {
  it('is the one named, else the usual name, else none', () => {
    expect(positiveClass(loadOptions({}), ['CP', 'NCP', 'Normal'])).toBe(1);
    expect(positiveClass(loadOptions({}), ['benign', 'malignant'])).toBe(1);
    expect(positiveClass(loadOptions({}), ['a', 'b'])).toBeNull();
    expect(positiveClass(loadOptions({ set: ['data.path=x', 'data.positive=b'] }), ['a', 'b'])).toBe(1);
    const misspelt = loadOptions({ set: ['data.path=x', 'data.positive=NPC'] });
    expect(() => positiveClass(misspelt, ['NCP', 'Normal'])).toThrow(/did you mean NCP\?/);
    // Classes of phantoms are known before anything is made.
    expect(() => loadOptions({ set: ['data.positive=NPC'] })).toThrow(/did you mean NCP\?/);
  });
});
