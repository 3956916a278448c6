/** `--profile FILE`: what the processes of a command did when, as one trace. */
import { Option } from 'commander';
import type { Profile } from '../library/profile.js';
import { openProfile } from '../library/profile.js';
import { percent } from '../report/numbers.js';

export function profileOption(): Option {
  return new Option(
    '--profile <file>',
    'writes what every process here did when, for ui.perfetto.dev; the result is the same',
  );
}

interface Flags {
  readonly profile?: string;
  readonly json?: boolean;
}

/** Does the work, with a profile where one is asked for, which is written however it ends. Errors: RequestError. */
export async function withProfile<T>(
  { profile: file, json }: Flags,
  work: (profile: Profile | undefined) => Promise<T>,
): Promise<T> {
  if (file === undefined) return work(undefined);
  const profile = openProfile(file);
  try {
    return await work(profile);
  } finally {
    const shares = (await profile.close())
      .filter(({ process, computing }) => process.startsWith('trainer-') && computing !== null)
      .map(({ process, computing }) => `${process} computed ${percent(computing!)} of its time`);
    if (json !== true) process.stderr.write(`${[`profile: ${profile.file}`, ...shares].join('; ')}\n`);
  }
}
