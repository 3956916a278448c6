/**
 * Differences over defaults: maps are merged key by key, lists and values replace. Unknown keys and
 * keys that would reach into an object's prototype are reported and left out.
 */
import { resolve } from 'node:path';
import { DEFAULTS } from './defaults.js';
import type { Problem } from './problem.js';
import { nearestPath, show } from './problem.js';

export type Tree = Record<string, unknown>;

/** One origin of settings: a file, the --set arguments, the flags of a command. */
export interface Source {
  readonly value: unknown;
  /** Where a path was written, for messages. */
  readonly where: (path: string) => string;
  /** Folder that relative paths in it start from. */
  readonly folder: string;
}

/** Never keys of ours, and dangerous to merge. */
const FORBIDDEN = ['__proto__', 'constructor', 'prototype'];

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Paths of all sections and keys of the defaults, in the order of the page. */
export function knownPaths(tree: object = DEFAULTS, prefix = ''): string[] {
  return Object.entries(tree).flatMap(([key, value]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    return isTree(value) ? [path, ...knownPaths(value, path)] : [path];
  });
}

const KNOWN = knownPaths();

/** Keys that hold a path of the file system. */
const FILES = ['data.path', 'data.split.file'];

/** Relative paths become absolute, from the folder of the file they stand in. */
function settled(path: string, value: unknown, folder: string): unknown {
  if (FILES.includes(path)) return typeof value === 'string' && value !== '' ? resolve(folder, value) : value;
  if (path !== 'objectives' || !Array.isArray(value)) return value;
  return value.map((one: unknown) =>
    isTree(one) && typeof one.module === 'string' && one.module !== ''
      ? { ...one, module: resolve(folder, one.module) }
      : one,
  );
}

/** An unknown key; where it holds a single key (`trainig: {batch: 4}`), the two are looked up together. */
function unknownKey(path: string, value: unknown, where: string): Problem {
  const inner = isTree(value) ? Object.entries(value) : [];
  const [only] = inner;
  if (only !== undefined && inner.length === 1) return unknownKey(`${path}.${only[0]}`, only[1], where);
  return {
    where,
    path,
    expected: 'a known key',
    got: path.slice(path.lastIndexOf('.') + 1),
    remedy: `did you mean ${nearestPath(path, KNOWN)}?`,
  };
}

/** Where each path was last set: asked with a path at or below it. */
export type Written = Map<string, (path: string) => string>;

/**
 * Merges one source into `target` (changed in place, shaped like the defaults). `written` notes where
 * each path was last set; problems are added to `problems`.
 */
export function mergeSource(target: Tree, source: Source, written: Written, problems: Problem[]): void {
  mergeTree(target, source.value, '', { source, written, problems });
}

interface Merging {
  readonly source: Source;
  readonly written: Written;
  readonly problems: Problem[];
}

function mergeTree(target: Tree, change: unknown, prefix: string, merging: Merging): void {
  const { source, written, problems } = merging;
  // An empty file, or a section whose lines are all comments.
  if (change === null || change === undefined) return;
  if (!isTree(change)) {
    const keys = Object.keys(target).join(', ');
    problems.push({
      where: source.where(prefix),
      path: prefix,
      expected: `a section with keys among ${keys}`,
      got: show(change),
      remedy: 'write "key: value" lines, indented below it',
    });
    return;
  }
  for (const [key, value] of Object.entries(change)) {
    if (value === undefined) continue;
    const path = prefix === '' ? key : `${prefix}.${key}`;
    const where = source.where(path);
    if (FORBIDDEN.includes(key)) {
      problems.push({ where, path, expected: 'a known key', got: 'a reserved name', remedy: 'remove it' });
    } else if (!Object.hasOwn(target, key)) {
      problems.push(unknownKey(path, value, where));
    } else {
      const held = target[key];
      if (isTree(held)) mergeTree(held, value, path, merging);
      else {
        target[key] = settled(path, value, source.folder);
        written.set(path, source.where);
      }
    }
  }
}
