/** A configuration as a program gives it: the keys of configs/defaults.yaml as a typed object. */
import { fileURLToPath } from 'node:url';
import { loadOptions } from '../config/load.js';
import type { Differences } from '../config/load.js';
import type { ObjectiveDirection, Options } from '../config/options.js';
import type { OwnObjective } from './own-objectives.js';
import { isOwn, requireSound } from './own-objectives.js';
import { RequestError } from './request.js';

/** An objective: its name, `name:direction`, in full, or one of your own as an object with its function. */
export type ObjectiveSetting =
  | string
  | OwnObjective
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

export interface FilledConfiguration {
  /** Filled, checked and frozen. */
  readonly options: Options;
  /** Objectives that are functions of the caller: no part of the options, which processes read from a file. */
  readonly own: readonly OwnObjective[];
}

/** Errors: ConfigError with every problem at once; RequestError for objectives of the caller that are none. */
export function filledConfiguration(sources: ConfigurationSources): FilledConfiguration {
  const own = sources.options?.objectives?.filter(isOwn) ?? [];
  requireSound(own);
  const others = sources.options?.objectives?.filter((setting) => !isOwn(setting));
  if (others?.length === 0 && own.length > 0)
    throw new RequestError(
      `objectives: expected one that is not a function beside ${own.map(({ name }) => name).join(', ')}; ` +
        "add 'accuracy'",
    );
  const options = filledOptions(sources, others);
  const both = own.find(({ name }) => options.objectives.some((other) => other.name === name));
  if (both !== undefined)
    throw new RequestError(`objectives: expected each once, got ${both.name} as a function and as a module`);
  return { options, own };
}

type WrittenObjective = Exclude<ObjectiveSetting, OwnObjective>;

function filledOptions(
  { config = [], set = [], options = {} }: ConfigurationSources,
  objectives: readonly WrittenObjective[] | undefined,
): Options {
  return loadOptions({
    file: config,
    set,
    // The list may hold short forms, which the schema fills; the type of overrides names filled ones.
    overrides: { ...options, objectives: objectives?.map(withPath) as Options['objectives'] | undefined },
  });
}

function withPath(objective: WrittenObjective): unknown {
  if (typeof objective === 'string' || objective.module === undefined) return objective;
  const { module } = objective;
  const isUrl = module instanceof URL || module.startsWith('file:');
  return { ...objective, module: isUrl ? fileURLToPath(module) : module };
}
