/**
 * The values a configuration file starts from: a search of minutes on two cores (near
 * configs/quickstart.yaml). Units and reasons stand in configs/defaults.yaml; a test holds the two
 * together key by key.
 */
import type { Options } from './options.js';
import { deepFreeze } from './options.js';

/** Seconds an objective may take where nothing is said. */
export const OBJECTIVE_DEADLINE = 60;

export const DEFAULTS: Options = deepFreeze<Options>({
  seed: 1,
  engine: { threads: 1, numerics: 'exact', native: 'auto' },
  supernet: {
    stem: 16,
    widths: [12, 20, 40],
    strides: [2, 2, 2],
    blocks: [2, 2, 2],
    operations: ['mb_k3_e3', 'mb_k3_e4', 'mb_k3_e6', 'mb_k5_e3', 'mb_k5_e4', 'mb_k7_e3', 'mb_k7_e4', 'skip'],
    head: 160,
  },
  cohort: null,
  cohortWeights: null,
  input: { slices: 16, size: 32, crop: 1 },
  training: {
    batch: 8,
    individualsPerStep: 2,
    microBatches: 1,
    optimizer: 'adam',
    learningRate: 0.003,
    finalLearningRate: null,
    schedule: 'linear',
    momentum: 0.9,
    weightDecay: 0,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-7,
    dropout: 0.2,
    flips: { horizontal: true, vertical: true },
    randomDepth: true,
    augment: { shift: 0, rotation: 0, zoom: 0, scale: 0, offset: 0 },
    classWeights: false,
    labelSmoothing: 0,
    weightAverage: 0,
  },
  warmup: { epochs: 2, candidates: 64 },
  evolution: {
    population: 12,
    keep: 6,
    epochs: 12,
    crossoverProbability: 0.3,
    mutationProbability: 0.2,
    selector: 'nsga3',
    partitions: null,
  },
  objectives: [
    { name: 'accuracy', direction: 'max', module: null, deadline: OBJECTIVE_DEADLINE },
    { name: 'size', direction: 'min', module: null, deadline: OBJECTIVE_DEADLINE },
    { name: 'potential', direction: 'max', module: null, deadline: OBJECTIVE_DEADLINE },
  ],
  evaluation: { batchNorm: 'recalibrate', batch: 8, recalibrationBatches: 4 },
  data: {
    path: null,
    phantom: {
      seed: 1,
      patients: 90,
      scansPerPatient: 2,
      classes: ['Normal', 'NCP', 'CP'],
      slices: 20,
      size: 48,
      contrast: 1,
      format: 'png',
    },
    window: { low: -1350, high: 150 },
    dicom: { series: 'most-slices', patients: 'header' },
    onBadScan: 'fail',
    shuffleLabels: false,
    split: { validation: 0.2, test: 0, seed: 1, file: null },
    positive: null,
  },
  joining: { onLost: 'wait', silenceSeconds: 15 },
  runtime: {
    leaseSeconds: 30,
    heartbeatSeconds: 0.5,
    silenceSeconds: 4,
    askSeconds: 10,
    checkDigestEvery: 10,
    doubleCheck: 0.01,
    restarts: 5,
    hangSeconds: 600,
    waitForTrainersSeconds: 600,
  },
});
