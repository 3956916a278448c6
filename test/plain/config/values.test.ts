/** Every key refuses what it cannot be, and every impossible combination is refused, all at once. */
import { describe, expect, it } from 'vitest';
import { DEFAULTS } from '#emars/config/defaults.js';
import { loadOptions } from '#emars/config/load.js';
import { isTree, knownPaths } from '#emars/config/merge.js';
import { problemsOf } from './problems.js';

const at = (path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => (isTree(value) ? value[key] : undefined), DEFAULTS);
const leaves = knownPaths().filter((path) => !isTree(at(path)));

describe('single values', () => {
  it.each(leaves)('%s refuses a value of a foreign type, naming its path', (path) => {
    for (const foreign of ['{a: 1}', '.nan', '[[1]]'])
      expect(problemsOf({ set: [`${path}=${foreign}`] })[0]?.path.startsWith(path)).toBe(true);
  });

  it.each([
    ['seed', ['-1', '4294967296', '9007199254740992', '1.5', '"1"', 'null']],
    ['engine.threads', ['0', '-1', '1.5', '257']],
    ['supernet.widths', ['[]', '[0, 1, 2]', '12', '[8, 16, "x"]']],
    ['supernet.strides', ['[3, 2, 2]', '[0, 2, 2]']],
    ['supernet.operations', ['[mb_k4_e3]', '[skipp]', '[mb_k3_e0]', '[mb_k3]', '[]', '[mb_k41_e3]']],
    ['input.slices', ['0', '1025', '-16']],
    ['training.optimizer', ['Adam', 'rmsprop', '1']],
    ['training.learningRate', ['0', '-0.1', '.inf', '.nan', '11']],
    ['training.finalLearningRate', ['0', '-0.1', '"low"']],
    ['training.dropout', ['1', '-0.1', '1.5']],
    ['training.momentum', ['1', '-1']],
    ['training.flips.vertical', ['1', '"yes"']],
    ['warmup.candidates', ['0', '"all"']],
    ['evolution.crossoverProbability', ['-0.01', '1.01', '"0.3"']],
    ['evolution.mutationProbability', ['2']],
    ['evolution.selector', ['nsga-iii', 'null']],
    ['evolution.epochs', ['0', '-3']],
    ['evolution.partitions', ['0', '2.5']],
    ['evaluation.batchNorm', ['train', 'true']],
    ['data.path', ['""', '3', '[a]']],
    ['data.phantom.classes', ['[Normal, COVID]', '[]']],
    ['data.phantom.format', ['dcm']],
    ['data.onBadScan', ['ignore']],
    ['data.split.validation', ['1', '-0.2']],
    [
      'objectives',
      [
        '[]',
        'accuracy',
        '[1]',
        '[null]',
        '[acuracy]',
        '[accuracy:min]',
        '[size:up]',
        '[{name: mine, direction: max}]',
        '[{name: mine, module: ./a.js}]',
        '[{name: size, module: ./a.js}]',
        '[{name: accuracy, deadline: 0}]',
        '[{name: accuracy, weight: 2}]',
        '[{direction: max}]',
        '[{name: Mine, direction: max, module: a.js}]',
      ],
    ],
  ])('%s refuses values out of its range', (path, values) => {
    for (const value of values) {
      const problems = problemsOf({ set: [`${path}=${value}`] });
      expect(problems[0]?.path.startsWith(path), `${path}=${value}`).toBe(true);
      expect(problems[0]?.where).toBe('--set');
    }
  });

  it('takes the ends of the ranges', () => {
    expect(loadOptions({ set: ['seed=0'] }).seed).toBe(0);
    expect(
      loadOptions({
        set: [
          'seed=4294967295',
          'evolution.crossoverProbability=1',
          'evolution.mutationProbability=0',
          'evolution.keep=12',
          'training.dropout=0',
        ],
      }).seed,
    ).toBe(4294967295);
  });
});

describe('impossible combinations', () => {
  it.each<[string, string[], string]>([
    ['more survivors than individuals', ['evolution.keep=13'], 'evolution.keep'],
    ['lists of cells of unequal length', ['supernet.widths=[8, 16]'], 'supernet.widths'],
    ['an operation twice', ['supernet.operations=[skip, mb_k3_e3, skip]'], 'supernet.operations'],
    ['slices too small for the strides', ['input.size=8'], 'input.size'],
    ['a batch that does not divide', ['training.microBatches=3'], 'training.batch'],
    [
      'one value a channel for batch norm',
      ['input.size=16', 'training.microBatches=8'],
      'training.microBatches',
    ],
    [
      'one value a channel in transductive validation',
      ['input.size=16', 'evaluation.batchNorm=batch', 'evaluation.batch=1'],
      'evaluation.batch',
    ],
    [
      'more individuals a step than there are',
      ['training.individualsPerStep=13'],
      'training.individualsPerStep',
    ],
    [
      'more individuals than networks',
      ['supernet.operations=[skip]', 'supernet.blocks=[1, 1, 1]'],
      'evolution.population',
    ],
    ['more reference directions than individuals', ['evolution.partitions=4'], 'evolution.partitions'],
    [
      'the selector top-accuracy without accuracy',
      ['evolution.selector=top-accuracy', 'objectives=[size, potential]'],
      'evolution.selector',
    ],
    ['fewer candidates than the first population', ['warmup.candidates=11'], 'warmup.candidates'],
    ['a window upside down', ['data.window.low=200'], 'data.window.low'],
    ['no validation', ['data.split.validation=0'], 'data.split.validation'],
    ['nothing left to train on', ['data.split.validation=0.5', 'data.split.test=0.5'], 'data.split.test'],
    ['a class twice', ['data.phantom.classes=[NCP, NCP]'], 'data.phantom.classes'],
    ['one class of phantoms', ['data.phantom.classes=[NCP]'], 'data.phantom.classes'],
    [
      'too few phantoms to split',
      ['data.phantom.patients=5', 'training.batch=2', 'warmup.epochs=8'],
      'data.phantom.patients',
    ],
    ['a batch larger than the training phantoms', ['training.batch=256'], 'training.batch'],
    [
      'a warm-up that draws too few',
      ['warmup.epochs=1', 'training.batch=64', 'evolution.population=30', 'training.individualsPerStep=1'],
      'warmup.epochs',
    ],
    ['an objective twice', ['objectives=[accuracy, size, "size:max"]'], 'objectives[2]'],
    ['a worker lost between two heartbeats', ['runtime.heartbeatSeconds=2.5'], 'runtime.silenceSeconds'],
  ])('refuses %s', (_, set, path) => {
    expect(problemsOf({ set })).toMatchObject([{ path, where: '--set' }]);
  });

  it.each<[string, string[]]>([
    [
      'the depth of 16 slices under a reduction of 32',
      [
        'supernet.widths=[8,8,8,8]',
        'supernet.strides=[2,2,2,2]',
        'supernet.blocks=[1,1,1,1]',
        'supernet.head=16',
        'input.slices=16',
        'input.size=32',
      ],
    ],
    ['any number of candidates where nothing is drawn', ['warmup.epochs=0', 'warmup.candidates=1']],
    [
      'partitions with a selector that has no directions',
      ['evolution.selector=random', 'evolution.partitions=50'],
    ],
    [
      'phantom settings too small for the search, where real data is given',
      ['data.path=scans', 'data.phantom.patients=2'],
    ],
    [
      'a validation share of 0 beside a split file',
      ['data.path=scans', 'data.split.file=split.json', 'data.split.validation=0'],
    ],
    ['potential without accuracy: accuracy is measured all the same', ['objectives=[potential]']],
    ['every individual kept', ['evolution.keep=12']],
  ])('takes %s', (_, set) => {
    expect(() => loadOptions({ set })).not.toThrow();
  });

  it('tells all problems at once: unknown keys, types, ranges, combinations, each with its place', () => {
    const text = [
      'seed: 2.5',
      'training: {bach: 4, batch: 9, microBatches: 2}',
      'evolution: {keep: 40, mutationProbability: 3}',
      'objectives: [accuracy, sise]',
      'data: {window: {low: 5, high: 5}}',
    ].join('\n');
    expect(
      problemsOf({ text, set: ['engine.thread=2', 'supernet.stem=0'] })
        .map(({ where, path }) => `${where} ${path}`)
        .sort(),
    ).toEqual(
      [
        '--set engine.thread',
        '--set supernet.stem',
        'configuration:1:1 seed',
        'configuration:2:12 training.bach',
        'configuration:2:21 training.batch',
        'configuration:3:13 evolution.keep',
        'configuration:3:23 evolution.mutationProbability',
        'configuration:4:24 objectives[1]',
        'configuration:5:17 data.window.low',
      ].sort(),
    );
  });

  it('reads short forms of objectives also beside another problem', () => {
    const set = ['seed=-1', 'evolution.selector=top-accuracy'];
    expect(
      problemsOf({ set: [...set, 'objectives=["accuracy:max", size]'] }).map(({ path }) => path),
    ).toEqual(['seed']);
    expect(problemsOf({ set: [...set, 'objectives=[size]'] }).map(({ path }) => path)).toEqual([
      'seed',
      'evolution.selector',
    ]);
  });

  it('still tells the problems of other files where one cannot be read', () => {
    expect(problemsOf({ file: ['/nowhere/none.yaml'], set: ['seed=-1'] }).map(({ path }) => path)).toEqual([
      '',
      'seed',
    ]);
  });

  it('leaves a combination out where one of its keys is already wrong', () => {
    expect(
      problemsOf({ set: ['evolution.population=zero', 'evolution.keep=40'] }).map(({ path }) => path),
    ).toEqual(['evolution.population']);
  });
});
