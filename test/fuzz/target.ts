/**
 * A door of EMARS to be fuzzed: bytes from outside, taken or refused. Anything else that happens is a find:
 * an error without a class of ours, or bytes that are taken and are not what they were taken for.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

export interface FuzzTarget {
  readonly name: string;
  /** Whole inputs to begin with, each of which is taken. */
  readonly seeds: () => Promise<readonly Uint8Array[]>;
  /** Whether the bytes were taken. Throws for a find. */
  readonly run: (bytes: Uint8Array) => Promise<boolean>;
}

/** Bytes were taken for something that they are not. */
export class WrongAcceptance extends Error {
  override readonly name = 'WrongAcceptance';
}

export function demand(holds: boolean, what: string): asserts holds {
  if (!holds) throw new WrongAcceptance(what);
}

/** Written and read again it must be the same. */
export function demandSame(first: unknown, second: unknown, what: string): void {
  demand(isDeepStrictEqual(first, second), `${what}: not the same when it is written and read again`);
}

type ErrorClass = abstract new (...args: never[]) => Error;

/** What `read` gives; null where it refuses with an error of one of these classes. Any other error is a find. */
export async function taken<T>(
  read: () => T | Promise<T>,
  refusals: readonly ErrorClass[],
): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (refusals.some((refusal) => error instanceof refusal)) return null;
    throw error;
  }
}

/** The same for refusals that a person reads as one line. */
export function takenOrOneLine<T>(read: () => T | Promise<T>, refusal: ErrorClass): Promise<T | null> {
  return taken(async () => {
    try {
      return await read();
    } catch (error) {
      if (error instanceof refusal)
        demand(!error.message.includes('\n'), `a refusal of more than one line: ${error.message}`);
      throw error;
    }
  }, [refusal]);
}

const root = mkdtempSync(join(tmpdir(), 'emars-fuzz-'));
process.once('exit', () => rmSync(root, { recursive: true, force: true }));

/** A folder of this process. */
export function folderFor(target: string): string {
  const folder = join(root, target);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Writes the bytes as file `name` of the target's folder; gives its path. */
export function fileOf(target: string, name: string, bytes: Uint8Array): string {
  const path = join(folderFor(target), name);
  writeFileSync(path, bytes);
  return path;
}
