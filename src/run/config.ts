/**
 * `config.yaml`: the filled configuration of a run.
 *
 * Two readings. `readOptions` is for processes that work with the run: checked in full, as if it had
 * just been written. `readSettings` is for reports: a tree of plain values, so that a run of an older
 * or newer version, whose keys are not all known here, still has one.
 */
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { describeOptions } from '../config/describe.js';
import { loadOptions } from '../config/load.js';
import type { Options } from '../config/options.js';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import { RunFolderError } from './error.js';
import type { RunFolder } from './folder.js';
import { complaint, readRequired } from './read-file.js';

const settingsSchema = z.record(z.string().max(256), z.unknown());
/**
 * Keys of a `config.yaml`, as they stand there.
 * @useDeclaredType
 */
export type Settings = z.infer<typeof settingsSchema>;

export interface RunSettings {
  readonly settings: Settings;
  /** The bytes of the file as text. */
  readonly text: string;
}

export async function writeOptions(folder: RunFolder, options: Options): Promise<void> {
  await writeFileAtomic(folder.config, describeOptions(options));
}

/** Errors: ConfigError with every problem of the file. */
export function readOptions(folder: RunFolder): Options {
  return loadOptions({ file: folder.config });
}

/** Errors: RunFolderError. */
export async function readSettings(folder: RunFolder): Promise<RunSettings> {
  const text = (await readRequired(folder.config, 'is this a run folder?')).toString('utf8');
  return { settings: parseSettings(folder.config, text), text };
}

function parseSettings(path: string, text: string): Settings {
  let value: unknown;
  try {
    value = parseYaml(text, { maxAliasCount: 0, prettyErrors: true });
  } catch (error) {
    throw new RunFolderError(path, `expected YAML: ${(error as Error).message.split('\n', 1)[0] ?? ''}`);
  }
  const checked = settingsSchema.safeParse(value);
  if (!checked.success) throw new RunFolderError(path, complaint(checked.error));
  return checked.data;
}
