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
