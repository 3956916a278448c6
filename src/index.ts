/**
 * EMARS as a library. Whatever is named here is API and follows semantic versioning; nothing else is.
 *
 * A search runs in processes of its own, started from here: the functions below begin it, watch it and read
 * what it leaves. The command line is a client of the same functions.
 *
 * @module emars
 */
export { search, resume } from './library/search.js';
export type { ProcessOptions, ResumeRequest, Run, SearchRequest } from './library/search.js';
export { openProfile } from './library/profile.js';
export type { Profile } from './library/profile.js';
export type { ProcessFigures } from './runtime/trace/trace-figures.js';
export type { BrokerRequest } from './library/broker.js';
export type { Configuration, ConfigurationSources, ObjectiveSetting } from './library/configuration.js';
export type {
  FinishedEvent,
  NoteEvent,
  PreparedEvent,
  PreparingEvent,
  ProvidingEvent,
  RunEvent,
  RunPhase,
  RunResult,
  StatusEvent,
} from './library/run-events.js';

export { evaluate } from './library/evaluate.js';
export type { EvaluationRequest } from './library/evaluate.js';
export type { ScanEvaluation } from './library/evaluate-scans.js';

export { select } from './library/select.js';
export type { SelectRequest } from './library/select.js';
export type { SelectionResult, SelectorState } from './evolution/selector.js';

export { report } from './library/report.js';
export type { BuiltReport } from './report/build.js';

export type { OwnObjective } from './library/own-objectives.js';
// Objectives of your own: an object given to a search, or the default export of a module that a configuration names.
export type {
  GenomeObjective,
  GenomeSubject,
  HistoryObjective,
  HistorySubject,
  Measured,
  MeasuredBy,
} from './objectives/objective.js';
export type { Genome } from './space/genome.js';
export type { Operation, SearchSpace } from './space/space.js';
export type { InputSize } from './space/cost.js';

// What a run leaves behind.
export { readRun } from './run/contents.js';
export type { RunContents } from './run/contents.js';
export { bestIndividual } from './run/best.js';
export type { RunFolder } from './run/folder.js';
export type { FormerMeasure, Front, FrontMember, Measure } from './run/front.js';
export type { HistoryLine } from './run/history.js';
export type { ProcessRecord, RunRecord, Timings } from './run/record.js';
export type { Settings } from './run/config.js';
export type { Split, SplitEntry, SplitFractions } from './scan/split/split.js';

// Scans, as a search sees them.
export { inspectData } from './scan/catalogue/inspect.js';
export type { InspectedScan, Inspection, InspectOptions } from './scan/catalogue/inspect.js';
export { readCatalogue } from './scan/catalogue/catalogue.js';
export type { DicomOptions } from './scan/catalogue/dicom-series.js';
export type { Catalogue, CatalogueOptions, CatalogueScan } from './scan/catalogue/catalogue.js';
export { readScan } from './scan/readers/read-scan.js';
export type { Orientation } from './scan/readers/nifti-orientation.js';
export type { NiftiSpace, Placement } from './scan/readers/nifti-space.js';
export type { ReadOptions, Volume } from './scan/readers/read-scan.js';
export type { ValueType, ValueUnit } from './scan/readers/reader.js';
export type { ScanLimits } from './scan/limits.js';
export type { HounsfieldWindow } from './scan/store/window.js';

// Settings: the keys of configs/defaults.yaml.
export type {
  AugmentOptions,
  BatchNormMode,
  DataOptions,
  ObjectiveDirection,
  EngineOptions,
  EvaluationOptions,
  EvolutionOptions,
  ImageFormat,
  InputOptions,
  JoiningOptions,
  ObjectiveOptions,
  Optimizer,
  Options,
  PhantomClass,
  PhantomOptions,
  RuntimeOptions,
  Schedule,
  Selector,
  SplitOptions,
  SupernetOptions,
  TrainingOptions,
  WarmupOptions,
} from './config/options.js';
export type { Differences } from './config/load.js';

// Errors that a caller may want to tell apart.
export { ConfigError } from './config/problem.js';
export type { Problem as ConfigProblem } from './config/problem.js';
export { RequestError } from './library/request.js';
export { RunFolderError } from './run/error.js';
export { CredentialsError } from './run/credentials.js';
// Each has a `kind`: usage, data, damaged, environment, unavailable, refused, interrupted, internal.
export { EmarsError } from './errors/error.js';
export type { ErrorKind } from './errors/error.js';
export { NotARun } from './library/run-argument.js';
export { ScanError } from './scan/errors.js';
export type { ScanProblem } from './scan/errors.js';
