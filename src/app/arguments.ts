/** Arguments that several commands share, and their checks. */
import { createReadStream } from 'node:fs';
import { Option } from 'commander';
import { requireFile } from '../library/request.js';
import { UsageError } from './errors.js';

/** Parser of a whole number in a range. Errors: UsageError. */
export function wholeNumber(name: string, low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < low || value > high)
      throw new UsageError(
        `${name}: expected a whole number from ${low} to ${high}, got ${JSON.stringify(text)}`,
      );
    return value;
  };
}

/** Parser of a share. Errors: UsageError. */
export function shareOf(name: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= 0 && value < 1))
      throw new UsageError(`${name}: expected a number from 0 to 1, 1 excluded, got ${JSON.stringify(text)}`);
    return value;
  };
}

const collect = (text: string, before: readonly string[] = []): string[] => [...before, text];

/** `--config FILE`, several times. */
export const configOption = (): Option =>
  new Option(
    '--config <file>',
    'YAML file of differences from configs/defaults.yaml; several: later ones win',
  ).argParser(collect);
/** `--set key=value`, several times. */
export const setOption = (): Option =>
  new Option('--set <key=value>', 'one setting, as training.batch=4; several').argParser(collect);
export const jsonOption = (): Option => new Option('--json', 'print JSON for programs');

/**
 * Text of a small file, or of standard input for `-`.
 * Errors: UsageError (missing, a folder, larger than `most` bytes).
 */
export async function readSmallFile(path: string, most: number, what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of path === '-' ? process.stdin : openForReading(path, what)) {
    const bytes = chunk as Buffer;
    length += bytes.length;
    if (length > most) throw new UsageError(`${path}: expected ${what} of at most ${most} bytes, got more`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function openForReading(path: string, what: string): NodeJS.ReadableStream {
  requireFile(path, what);
  return createReadStream(path);
}
