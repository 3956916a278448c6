/**
 * Filled options as YAML: the `config.yaml` of a run. Loading the text gives the same options again,
 * so a run can be repeated and resumed from its own folder.
 */
import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import type { Options } from './options.js';

/** YAML of all keys, in the order of the page of defaults. Paths in it are absolute. */
export function describeOptions(options: Options): string {
  return stringify(options, { lineWidth: 0, aliasDuplicateObjects: false, version: '1.2' });
}

/** JSON with sorted keys: equal values, equal text. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, part]) => `${JSON.stringify(key)}:${canonical(part)}`).join(',')}}`;
}

/** SHA-256 (hex) of the options' values; the order of keys does not matter. */
export function optionsHash(options: Options): string {
  return createHash('sha256').update(canonical(options)).digest('hex');
}
