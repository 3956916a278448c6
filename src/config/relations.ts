/**
 * Combinations of keys that no search can run with, each valid on its own. A relation names the keys
 * it reads, is left out where one of them is already wrong, and is otherwise a pure check.
 */
import { dasDennisCount } from '../evolution/nsga3/reference-directions.js';
import { cohortRelations } from './cohort-relations.js';
import type { Options } from './options.js';
import { nearestPath } from './problem.js';
import { lastPositions, phantomTrainingScans, reduction, stepsPerEpoch } from './quantities.js';
import type { Relation } from './relation.js';
import { duplicate, unless } from './relation.js';

const madeHere = ({ data }: Options): boolean => data.path === null && data.split.file === null;

const PHANTOMS = [
  'data.path',
  'data.phantom.patients',
  'data.phantom.scansPerPatient',
  'data.split.validation',
  'data.split.test',
  'data.split.file',
] as const;

export const relations: readonly Relation[] = [
  {
    reads: ['supernet.widths', 'supernet.strides', 'supernet.blocks'],
    check: ({ supernet: { widths, strides, blocks } }) =>
      unless(
        widths.length === strides.length && widths.length === blocks.length,
        'widths, strides and blocks of equal length, one entry a cell',
        `${widths.length} widths, ${strides.length} strides, ${blocks.length} blocks`,
        'make the three lists equally long',
      ),
  },
  {
    reads: ['supernet.operations'],
    check: ({ supernet: { operations } }) => {
      const twice = duplicate(operations);
      return unless(twice === undefined, 'each operation once', `${twice ?? ''} twice`, 'remove one');
    },
  },
  ...cohortRelations,
  {
    reads: ['input.size', 'supernet.strides'],
    check: (options) =>
      unless(
        options.input.size >= reduction(options),
        `at least ${reduction(options)} pixels, the product of the strides with the stem's 2`,
        String(options.input.size),
        'enlarge input.size or use fewer strides of 2',
      ),
  },
  {
    reads: ['training.batch', 'training.microBatches'],
    check: ({ training: { batch, microBatches } }) => {
      const [lower, upper] = [Math.floor, Math.ceil].map(
        (round) => round(batch / microBatches) * microBatches,
      );
      return unless(
        batch % microBatches === 0,
        'a batch that divides into training.microBatches equal parts',
        `${batch} scans in ${microBatches} parts`,
        `use ${lower || microBatches} or ${upper}`,
      );
    },
  },
  {
    reads: ['training.microBatches', 'training.batch', 'input.slices', 'input.size', 'supernet.strides'],
    check: (options) => {
      const { batch, microBatches } = options.training;
      const values = (batch / microBatches) * lastPositions(options);
      return unless(
        batch % microBatches !== 0 || values >= 2,
        'at least 2 values a channel for batch norm at the end of the network',
        `${values} (${batch / microBatches} scan a part, ${lastPositions(options)} position)`,
        'use a larger training.batch, fewer training.microBatches or a larger input',
      );
    },
  },
  {
    reads: ['evaluation.batch', 'evaluation.batchNorm', 'input.slices', 'input.size', 'supernet.strides'],
    check: (options) => {
      const values = options.evaluation.batch * lastPositions(options);
      return unless(
        options.evaluation.batchNorm !== 'batch' || values >= 2,
        'at least 2 values a channel for the batch norm of evaluation.batchNorm: batch',
        String(values),
        'use a larger evaluation.batch, or evaluation.batchNorm: recalibrate',
      );
    },
  },
  {
    reads: ['training.individualsPerStep', 'evolution.population'],
    check: ({ training, evolution }) =>
      unless(
        training.individualsPerStep <= evolution.population,
        'at most evolution.population individuals a step',
        `${training.individualsPerStep} of ${evolution.population}`,
        'lower training.individualsPerStep or raise evolution.population',
      ),
  },
  {
    reads: ['evolution.keep', 'evolution.population'],
    check: ({ evolution: { keep, population } }) =>
      unless(
        keep <= population,
        'at most evolution.population survivors (K ≤ P)',
        `${keep} of ${population}`,
        'lower evolution.keep or raise evolution.population',
      ),
  },
  {
    reads: ['evolution.population', 'supernet.operations', 'supernet.blocks'],
    check: ({ evolution: { population }, supernet: { operations, blocks } }) => {
      const networks = Math.pow(
        operations.length,
        blocks.reduce((sum, count) => sum + count, 0),
      );
      return unless(
        networks >= population,
        'no more individuals than the search space has networks',
        `${population} of ${networks}`,
        'lower evolution.population or add operations or blocks',
      );
    },
  },
  {
    reads: ['evolution.partitions', 'evolution.selector', 'evolution.population', 'objectives'],
    check: ({ evolution: { partitions, selector, population }, objectives }) => {
      if (partitions === null || selector !== 'nsga3') return null;
      const directions = dasDennisCount(objectives.length, partitions);
      return unless(
        directions <= population,
        `at most evolution.population = ${population} reference directions`,
        `more (${partitions} divisions for ${objectives.length} objectives)`,
        'lower evolution.partitions, or null for the smallest that fits',
      );
    },
  },
  {
    reads: ['evolution.selector', 'objectives'],
    check: ({ evolution: { selector }, objectives }) =>
      unless(
        selector !== 'top-accuracy' || objectives.some(({ name }) => name === 'accuracy'),
        'accuracy among the objectives for the selector top-accuracy',
        objectives.map(({ name }) => name).join(', '),
        'add accuracy to objectives, or choose another selector',
      ),
  },
  {
    reads: ['warmup.candidates', 'evolution.population', 'warmup.epochs'],
    check: ({ warmup: { candidates, epochs }, evolution: { population } }) =>
      unless(
        candidates === null || epochs === 0 || candidates >= population,
        `at least evolution.population = ${population} candidates, for the first population is taken from them`,
        String(candidates),
        'raise warmup.candidates, or null for all',
      ),
  },
  {
    reads: ['data.window.low', 'data.window.high'],
    check: ({ data: { window } }) =>
      unless(
        window.low < window.high,
        'a window whose low end is below its high end',
        `${window.low} to ${window.high}`,
        'swap them',
      ),
  },
  {
    reads: ['data.split.validation', 'data.split.file'],
    check: ({ data: { split } }) =>
      unless(
        split.file !== null || split.validation > 0,
        'a share above 0: without validation nothing can be selected',
        String(split.validation),
        'use 0.2, one fifth',
      ),
  },
  {
    reads: ['data.split.test', 'data.split.validation', 'data.split.file'],
    check: ({ data: { split } }) =>
      unless(
        split.file !== null || split.validation + split.test < 1,
        'validation and test together below 1',
        String(split.validation + split.test),
        'leave patients for training',
      ),
  },
  {
    reads: ['data.phantom.classes', 'data.path'],
    check: ({ data: { phantom, path } }) => {
      const twice = duplicate(phantom.classes);
      if (twice !== undefined)
        return { expected: 'each class once', got: `${twice} twice`, remedy: 'remove one' };
      return unless(
        path !== null || phantom.classes.length >= 2,
        'at least two classes to tell apart',
        phantom.classes.join(', '),
        'add Normal, NCP or CP',
      );
    },
  },
  {
    reads: ['data.positive', 'data.phantom.classes', 'data.path'],
    check: ({ data: { positive, phantom, path } }) =>
      unless(
        path !== null || positive === null || phantom.classes.some((name) => name === positive),
        `a class of the phantoms (${phantom.classes.join(', ')})`,
        positive ?? '',
        `did you mean ${nearestPath(positive ?? '', phantom.classes)}?`,
      ),
  },
  {
    reads: ['data.phantom.patients', 'data.phantom.classes', ...PHANTOMS],
    check: (options) => {
      const { phantom, split } = options.data;
      const least = phantom.classes.length * (split.test > 0 ? 3 : 2);
      return unless(
        !madeHere(options) || phantom.patients >= least,
        `at least ${least} patients, so that each part of the split has one of each class`,
        String(phantom.patients),
        'raise data.phantom.patients',
      );
    },
  },
  {
    reads: ['training.batch', ...PHANTOMS],
    check: (options) => {
      const scans = phantomTrainingScans(options);
      return unless(
        !madeHere(options) || scans <= 0 || scans >= options.training.batch,
        `at most ${scans}, the training scans of the phantoms`,
        String(options.training.batch),
        'lower training.batch or raise data.phantom.patients',
      );
    },
  },
  {
    reads: [
      'warmup.epochs',
      'evolution.population',
      'training.batch',
      'training.individualsPerStep',
      ...PHANTOMS,
    ],
    check: (options) => {
      const { warmup, training, evolution } = options;
      const steps = stepsPerEpoch(phantomTrainingScans(options), training.batch);
      const drawn = warmup.epochs * steps * training.individualsPerStep;
      return unless(
        !madeHere(options) || warmup.epochs === 0 || steps === 0 || drawn >= evolution.population,
        `a warm-up that draws at least evolution.population = ${evolution.population} individuals`,
        `${drawn} (${warmup.epochs} epochs x ${steps} steps x ${training.individualsPerStep} individuals)`,
        'raise warmup.epochs or training.individualsPerStep, or lower evolution.population',
      );
    },
  },
  {
    reads: ['runtime.silenceSeconds', 'runtime.heartbeatSeconds'],
    check: ({ runtime: { silenceSeconds, heartbeatSeconds } }) =>
      unless(
        silenceSeconds >= 2 * heartbeatSeconds,
        'at least two heartbeats before a worker is taken for lost',
        `${silenceSeconds} s with a heartbeat every ${heartbeatSeconds} s`,
        'raise runtime.silenceSeconds or lower runtime.heartbeatSeconds',
      ),
  },
];
