/** What a run is made of, as its parent is told. */
import type { Options } from '../../config/options.js';
import type { BrokerAccess } from '../../run/credentials.js';
import type { RunFolder } from '../../run/folder.js';
import type { RunProfile } from './process-trace.js';

export interface RunSetup {
  readonly folder: RunFolder;
  readonly options: Options;
  /** Of this host; none where others do all the work. */
  readonly trainers: number;
  readonly minTrainers: number;
  /** Dealt out to the trainers in turn: "cpu", "cuda:<n>". */
  readonly devices: readonly string[];
  readonly evaluatorDevice: string;
  /** The addon that trainers and evaluator compute by; null: TensorFlow. */
  readonly kernels: string | null;
  readonly natsBinary: string;
  /** What the bus is told of the run beside its progress. */
  readonly about: { readonly version: string; readonly kernelsId: string | null };
  /** Where its processes record what they do when; null: nowhere. */
  readonly profile: RunProfile | null;
  /** A broker that is not ours. */
  readonly foreign: BrokerAccess | null;
  /** Awaited before any worker is started: no epoch is planned, so what joins takes part from the first on. */
  readonly beforeWorkers: () => Promise<void>;
}
