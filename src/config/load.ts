/**
 * From what people write to the frozen options code reads: defaults, then files in order, then
 * `--set key=value`, then the flags of a command. Everything wrong anywhere is found and thrown as one
 * ConfigError, before anything is started.
 */
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { DEFAULTS } from './defaults.js';
import type { Source, Tree, Written } from './merge.js';
import { mergeSource } from './merge.js';
import { objectives } from './objectives.js';
import type { Options } from './options.js';
import { deepFreeze } from './options.js';
import type { Problem } from './problem.js';
import { ConfigError, show } from './problem.js';
import { relations } from './relations.js';
import { schema } from './schema.js';
import { parseYaml, readConfigFile } from './yaml-text.js';

/** Options of which any part may be left out. */
export type Differences<T> = {
  readonly [K in keyof T]?:
    | (T[K] extends readonly unknown[] ? T[K] : T[K] extends object | null ? Differences<T[K]> : T[K])
    | undefined;
};

export interface LoadRequest {
  /**
   * A YAML file of differences, or several: later ones win. Relative paths in a file start from its folder.
   */
  readonly file?: string | readonly string[];
  /** YAML text instead of a file; relative paths start from the working directory. */
  readonly text?: string;
  /** `key=value` settings, as `training.batch=4`; the value is YAML. They win over files. */
  readonly set?: readonly string[];
  /** What a command's own flags say; they win over all. */
  readonly overrides?: Differences<Options>;
}

/** Filled, checked and frozen options. Errors: ConfigError with every problem at once. */
export function loadOptions({ file, text, set = [], overrides = {} }: LoadRequest): Options {
  const problems: Problem[] = [];
  const written: Written = new Map();
  const merged = structuredClone(DEFAULTS) as unknown as Tree;
  const sources = [
    ...[file ?? []].flat().map((path) => () => fromText(readConfigFile(path), path, dirname(path))),
    ...(text === undefined ? [] : [() => fromText(text, 'configuration', '.')]),
    ...set.map((setting) => () => fromSetting(setting)),
    () => ({ value: overrides, where: () => 'command line', folder: process.cwd() }),
  ];
  for (const open of sources) {
    try {
      mergeSource(merged, open(), written, problems);
    } catch (error) {
      // A source that cannot be read at all: the others are still looked at.
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  const parsed = schema.safeParse(merged);
  if (!parsed.success) problems.push(...valueProblems(parsed.error.issues, merged, written));
  problems.push(...relationProblems(merged, parsed.data, problems, written));
  if (problems.length > 0 || parsed.data === undefined) throw new ConfigError(problems);
  return deepFreeze<Options>(parsed.data);
}

function fromText(text: string, name: string, folder: string): Source {
  const { value, where } = parseYaml(text, name);
  return { value, where: (path) => nearestAbove(path, where) ?? name, folder: resolve(folder) };
}

/** `a.b=value` as the tree {a: {b: value}}, so that it merges like a file. */
function fromSetting(setting: string): Source {
  const wrong = (expected: string, remedy: string): ConfigError =>
    new ConfigError([{ where: '--set', path: '', expected, got: show(setting), remedy }]);
  const equals = setting.indexOf('=');
  const path = setting.slice(0, Math.max(0, equals)).trim();
  if (equals < 0 || !/^[^.\s]+(?:\.[^.\s]+)*$/.test(path))
    throw wrong('key=value', 'write it like --set training.batch=4');
  const { value } = parseYaml(setting.slice(equals + 1), `--set ${path}`);
  const keys = path.split('.');
  const tree = keys.reduceRight<unknown>(
    (inner, key) => Object.defineProperty({}, key, { value: inner, enumerable: true }),
    value,
  );
  return { value: tree, where: () => '--set', folder: process.cwd() };
}

/** What a map says of a path or of the nearest key above it. */
function nearestAbove<T>(path: string, map: ReadonlyMap<string, T>): T | undefined {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(at.lastIndexOf('.'), at.lastIndexOf('['), 0))) {
    const found = map.get(at);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Where a path was last set; undefined where it was not. */
const placeOf = (path: string, written: Written): string | undefined => nearestAbove(path, written)?.(path);

const pathOf = (keys: readonly PropertyKey[]): string =>
  keys.reduce<string>(
    (path, key) =>
      typeof key === 'number' ? `${path}[${key}]` : path === '' ? String(key) : `${path}.${String(key)}`,
    '',
  );

const valueAt = (tree: unknown, keys: readonly PropertyKey[]): unknown =>
  keys.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    tree,
  );

/** Problems of single values, one a path. */
function valueProblems(issues: readonly z.core.$ZodIssue[], merged: Tree, written: Written): Problem[] {
  const found = new Map<string, Problem>();
  for (const issue of issues) {
    const path = pathOf(issue.path);
    const remedy =
      issue.code === 'custom' && typeof issue.params?.remedy === 'string' ? issue.params.remedy : '';
    const value = valueAt(merged, issue.path);
    const list = Array.isArray(value) && value.length > 0 ? `${value.length} entries` : show(value);
    const key = `${path} ${issue.code === 'custom' ? issue.message : ''}`;
    if (!found.has(key))
      found.set(key, {
        where: placeOf(path, written) ?? 'defaults',
        path,
        expected: issue.message,
        got: list,
        remedy,
      });
  }
  return [...found.values()];
}

/** Impossible combinations, of keys that are all valid on their own. */
function relationProblems(
  merged: Tree,
  parsed: Options | undefined,
  others: readonly Problem[],
  written: Written,
): Problem[] {
  const wrong = others.map(({ path }) => path).filter((path) => path !== '');
  const sound = (path: string): boolean =>
    wrong.every(
      (bad) =>
        bad !== path &&
        !bad.startsWith(`${path}.`) &&
        !bad.startsWith(`${path}[`) &&
        !path.startsWith(`${bad}.`),
    );
  // Keys that are wrong are not read by a relation that is checked, so the cast holds for what it reads;
  // objectives alone have another form once they are read.
  const options =
    parsed ??
    ({ ...merged, objectives: objectives.safeParse(merged.objectives).data ?? [] } as unknown as Options);
  return relations.flatMap(({ reads, check }) => {
    if (!reads.every(sound)) return [];
    const impossible = check(options);
    if (impossible === null) return [];
    const [path] = reads;
    // Reported at its first key, or at the one of the others that the user did write.
    const where = reads.map((read) => placeOf(read, written)).find((place) => place !== undefined);
    return [{ where: where ?? 'defaults', path, ...impossible }];
  });
}
