/**
 * The filled options of a run: every key present, deeply read-only, frozen. This is what code reads.
 * What people write (differences over the defaults) becomes this in `load.ts`; the values of the
 * defaults stand in `defaults.ts` and, with comments for people, in configs/defaults.yaml.
 */

export type Optimizer = 'sgd' | 'adam';
export type Selector = 'nsga3' | 'merged-fronts' | 'nsga2' | 'random' | 'top-accuracy';
export type BatchNormMode = 'recalibrate' | 'running' | 'batch';
export type ObjectiveDirection = 'max' | 'min';
export type ImageFormat = 'png' | 'tif' | 'nii';
export type PhantomClass = 'Normal' | 'NCP' | 'CP';

export interface EngineOptions {
  /** Threads of TensorFlow in each trainer and evaluator; part of what decides the bits of a result. */
  readonly threads: number;
  /** `exact`: only workers whose arithmetic gives equal bits may join; `tolerant`: others too. */
  readonly numerics: 'exact' | 'tolerant';
  /**
   * `auto`: a run on CPUs trains and evaluates by the native kernels where they are compiled; `off`: by
   * TensorFlow. Each run keeps to what it began with.
   */
  readonly native: 'auto' | 'off';
}

/** The search space (paper section III); one entry a cell in widths, strides and blocks. */
export interface SupernetOptions {
  /** Channels of the stem. */
  readonly stem: number;
  /** C_i: channels of each cell. */
  readonly widths: readonly number[];
  /** S_i: stride of each calibration block, 1 or 2. */
  readonly strides: readonly number[];
  /** B_i: searchable blocks of each cell. */
  readonly blocks: readonly number[];
  /** Candidate operations: `skip` or `mb_k{kernel}_e{expansion}`; position = code. */
  readonly operations: readonly string[];
  /** Channels of the 1x1x1 head convolution. */
  readonly head: number;
}

export type Schedule = 'linear' | 'cosine';

/** The largest change of a training scan in each respect; drawn uniformly from minus to plus. */
export interface AugmentOptions {
  /** Share of the side of a slice. */
  readonly shift: number;
  /** Degrees, in the plane of a slice. */
  readonly rotation: number;
  /** Share of the size, in the plane of a slice. */
  readonly zoom: number;
  /** Share of the contrast. */
  readonly scale: number;
  /** Of intensities, which go from 0 to 1. */
  readonly offset: number;
}

export interface InputOptions {
  /** Slices of the volume a network sees (depth). */
  readonly slices: number;
  /** Height and width of a slice, pixels. */
  readonly size: number;
  /** Share of each side of a slice that is kept, around its middle; 1: the whole slice. */
  readonly crop: number;
}

export interface TrainingOptions {
  /** Scans in a mini-batch. */
  readonly batch: number;
  /** B: individuals trained in one step (Eq. 2, 3); their gradients are averaged. */
  readonly individualsPerStep: number;
  /**
   * Parts a mini-batch is cut into; batch norm sees one part. Slots of a step = individualsPerStep x
   * microBatches.
   */
  readonly microBatches: number;
  readonly optimizer: Optimizer;
  readonly learningRate: number;
  /** Rate after the last step of the run; null: constant. */
  readonly finalLearningRate: number | null;
  /** How the rate falls: in a straight line or half a cosine. */
  readonly schedule: Schedule;
  /** SGD only. */
  readonly momentum: number;
  /** L2 factor added to the gradient of a tensor on the path. */
  readonly weightDecay: number;
  /** Adam only: decay of the first moment. */
  readonly beta1: number;
  /** Adam only: decay of the second moment. */
  readonly beta2: number;
  /** Adam only. */
  readonly epsilon: number;
  /** Share of features dropped before the classifier. */
  readonly dropout: number;
  readonly flips: { readonly horizontal: boolean; readonly vertical: boolean };
  /** Depth resampling draws slices at random within their interval (training only). */
  readonly randomDepth: boolean;
  readonly augment: AugmentOptions;
  /** Weights the loss of a class by the inverse of its share in the training scans. */
  readonly classWeights: boolean;
  /** Share of the target that is spread over all classes. */
  readonly labelSmoothing: number;
  /** Decay of a moving average of the weights, which is then evaluated in their place; 0: none. */
  readonly weightAverage: number;
}

export interface WarmupOptions {
  /** W: epochs before the search; 0 starts from a random population. */
  readonly epochs: number;
  /** Of the individuals drawn, how many of the last are validated; null: all. */
  readonly candidates: number | null;
}

export interface EvolutionOptions {
  /** P */
  readonly population: number;
  /** K: survivors of a selection. */
  readonly keep: number;
  /** Epochs of the search, warm-up not counted. */
  readonly epochs: number;
  /** p_c: chance that a pair of codes is swapped. */
  readonly crossoverProbability: number;
  /** p_m: chance that a code is replaced. */
  readonly mutationProbability: number;
  readonly selector: Selector;
  /** Divisions p of the reference directions (nsga3); null: the smallest p with at least K directions. */
  readonly partitions: number | null;
}

export interface ObjectiveOptions {
  readonly name: string;
  readonly direction: ObjectiveDirection;
  /** Absolute path of a JavaScript module that measures it; null for those built in. */
  readonly module: string | null;
  /** Seconds one measurement may take. */
  readonly deadline: number;
}

export interface EvaluationOptions {
  readonly batchNorm: BatchNormMode;
  /** Scans in a batch of validation; with `recalibrate` and `running` it changes no prediction. */
  readonly batch: number;
  /** Training batches behind the statistics of `recalibrate`. */
  readonly recalibrationBatches: number;
}

export interface PhantomOptions {
  /** Which phantoms; apart from the run's `seed`, so that another search sees the same data. */
  readonly seed: number;
  readonly patients: number;
  readonly scansPerPatient: number;
  readonly classes: readonly PhantomClass[];
  /** Slices a scan, a fifth more or fewer. */
  readonly slices: number;
  /** Height and width of a slice, pixels. */
  readonly size: number;
  /** Factor on the density of the lesions, 0…10; 1: as in real scans, 0: the classes look alike. */
  readonly contrast: number;
  readonly format: ImageFormat;
}

export interface SplitOptions {
  /** Share of the patients in D_val, and in the test set. */
  readonly validation: number;
  readonly test: number;
  readonly seed: number;
  /** Absolute path of a split file to use instead; null: split by these numbers. */
  readonly file: string | null;
}

export interface DataOptions {
  /** Absolute path of a folder of scans; null: phantoms. */
  readonly path: string | null;
  readonly phantom: PhantomOptions;
  /** Lung window, Hounsfield units. */
  readonly window: { readonly low: number; readonly high: number };
  readonly dicom: {
    /** Which axial series of a study is read. */
    readonly series: 'most-slices' | 'thinnest' | 'all';
    /** What names a patient: the id in the header, hashed; or the folder below the class. */
    readonly patients: 'header' | 'folder';
  };
  readonly onBadScan: 'fail' | 'skip';
  /** Control: labels of the training and validation scans are permuted; nothing can be learnt. */
  readonly shuffleLabels: boolean;
  readonly split: SplitOptions;
  /** Class whose sensitivity is reported; null: NCP or the like, see `positive.ts`. */
  readonly positive: string | null;
}

/** Objectives that join the running search (`emars objective`). */
export interface JoiningOptions {
  /** What an epoch does when the process of such an objective is gone: wait for it, or go on without. */
  readonly onLost: 'wait' | 'drop';
  /** Its process is taken for gone when it is unheard for so long. */
  readonly silenceSeconds: number;
}

/** Times and limits of the processes; they never change a result. Seconds where nothing else is said. */
export interface RuntimeOptions {
  /** Shortest lease of a slot; longer where steps are measured to be. */
  readonly leaseSeconds: number;
  readonly heartbeatSeconds: number;
  /** A worker unheard for so long is taken for lost. */
  readonly silenceSeconds: number;
  /** How long a question to another process may stay open. */
  readonly askSeconds: number;
  /** Steps between two comparisons of the replicas' weights. */
  readonly checkDigestEvery: number;
  /** Share of the slots that two trainers compute, to find one that computes wrongly; 0: none. */
  readonly doubleCheck: number;
  /** Restarts of one process in a row before it is given up. */
  readonly restarts: number;
  /** The longest that work on weights may take; a start and a slot: three times that, a measurement six. */
  readonly hangSeconds: number;
  /** How long a run without any trainer waits for one. */
  readonly waitForTrainersSeconds: number;
}

export interface Options {
  /** Seed of the search, 0…2^32-1. */
  readonly seed: number;
  readonly engine: EngineOptions;
  readonly supernet: SupernetOptions;
  /** Genomes or baselines to train, each with weights of its own, in place of a search; null: a search. */
  readonly cohort: readonly (readonly string[])[] | null;
  /**
   * Absolute paths of files of first weights, one a member of the cohort, as of a model: parameters, then
   * statistics, float32; null: weights are drawn.
   */
  readonly cohortWeights: readonly string[] | null;
  readonly input: InputOptions;
  readonly training: TrainingOptions;
  readonly warmup: WarmupOptions;
  readonly evolution: EvolutionOptions;
  readonly objectives: readonly ObjectiveOptions[];
  readonly evaluation: EvaluationOptions;
  readonly data: DataOptions;
  readonly joining: JoiningOptions;
  readonly runtime: RuntimeOptions;
}

/** Freezes a value and all it holds; returns it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
