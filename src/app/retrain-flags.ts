/** Flags of `emars retrain`, as its stages read them. */
export interface RetrainFlags {
  readonly config?: string[];
  readonly set?: string[];
  readonly resume?: string;
  readonly data?: string;
  readonly out?: string;
  readonly top?: number;
  readonly rankEpochs?: number;
  readonly epochs?: number;
  readonly fromShared?: boolean;
  readonly trainers?: number;
  readonly devices?: string[];
  readonly reopenTest?: boolean;
  readonly json?: boolean;
}

/** Those of the command itself: a study and the baselines retrain without. */
export interface RetrainCommandFlags extends RetrainFlags {
  readonly profile?: string;
}
