/** A configuration as a program gives it: the keys of configs/defaults.yaml as a typed object. */
import { fileURLToPath } from 'node:url';
import { loadOptions } from '../config/load.js';
import type { Differences } from '../config/load.js';
import type { ObjectiveDirection, Options } from '../config/options.js';

/** An objective: its name, `name:direction`, or in full. */
export type ObjectiveSetting =
  | string
  | {
      readonly name: string;
      /** Default: that of a built-in objective; one of your own must say. */
      readonly direction?: ObjectiveDirection;
      /** Path or `file:` URL of the module that exports it by default; none for a built-in one. */
      readonly module?: string | URL;
      /** Seconds one measurement may take. Default 60. */
      readonly deadline?: number;
    };

/** Differences from the defaults. Relative paths start from the working directory. */
export type Configuration = Differences<Omit<Options, 'objectives'>> & {
  readonly objectives?: readonly ObjectiveSetting[] | undefined;
};

export interface ConfigurationSources {
  /** A YAML file of differences from the defaults, or several: later ones win. */
  readonly config?: string | readonly string[] | undefined;
  /** Settings as `training.batch=4`; they win over the files. */
  readonly set?: readonly string[] | undefined;
  /** Settings as an object; they win over all. */
  readonly options?: Configuration | undefined;
}

/** Filled, checked and frozen options. Errors: ConfigError with every problem at once. */
export function filledOptions({ config = [], set = [], options = {} }: ConfigurationSources): Options {
  const { objectives, ...others } = options;
  return loadOptions({
    file: config,
    set,
    // The list may hold short forms, which the schema fills; the type of overrides names filled ones.
    overrides: {
      ...others,
      ...(objectives === undefined ? {} : { objectives: objectives.map(withPath) as Options['objectives'] }),
    },
  });
}

function withPath(objective: ObjectiveSetting): unknown {
  if (typeof objective === 'string' || objective.module === undefined) return objective;
  const { module } = objective;
  const isUrl = module instanceof URL || module.startsWith('file:');
  return { ...objective, module: isUrl ? fileURLToPath(module) : module };
}
