/** A model over any number of scans: what `predict` and `explain` have in common. */
import { join } from 'node:path';
import { kindOf } from '../errors/error.js';
import { nativeParts } from '../library/native-parts.js';
import type { ScanProblem } from '../scan/errors.js';
import type { FoundScan } from '../scan/catalogue/find-scans.js';
import { interruptible } from './interrupt.js';
import { inTensorProcess, tellCommand } from './tensor-process.js';

/** A scan of a batch. */
export interface NamedScan extends FoundScan {
  /** Its path as a person finds it. */
  readonly name: string;
  /** From 0, in the order of the arguments and of their folders. */
  readonly index: number;
}

export interface Batch<T> {
  /** For the line of progress: "predicting". */
  readonly doing: string;
  /** Loads what handles a scan. */
  readonly load: () => Promise<(scan: NamedScan) => Promise<T>>;
  /** Told each result as soon as it is there, in order. */
  readonly onResult?: (result: T) => Promise<void>;
}

/** As `inTensorProcess`; what TensorFlow needs is brought before, where a person sees it. */
export async function inScanProcess(): Promise<boolean> {
  await interruptible('', (signal) =>
    nativeParts((text, passing) => {
      if (!passing) process.stderr.write(`${text}\n`);
    }, signal),
  );
  return inTensorProcess(1, process.argv.slice(2));
}

/**
 * Finds the scans of `paths` and handles one after the other. What cannot be read is told in `failed` and does
 * not end the rest; other errors do. To be called in a process made for TensorFlow. Errors: Interrupted after
 * Ctrl-C; those of `load` and its function that are not the data's.
 */
export async function overScans<T>(
  paths: readonly string[],
  { doing, load, onResult }: Batch<T>,
): Promise<{ readonly results: readonly T[]; readonly failed: readonly ScanProblem[] }> {
  const failed: ScanProblem[] = [];
  const results = await interruptible('', async (signal) => {
    const [{ findScans }, handle] = await Promise.all([import('../scan/catalogue/find-scans.js'), load()]);
    const found: FoundScan[] = [];
    for (const path of paths)
      found.push(...(await orFailed(path, failed, () => findScans(path, failed))).flat());
    const tell = tellCommand(doing);
    const done: T[] = [];
    for (const [index, scan] of found.entries()) {
      signal.throwIfAborted();
      const name = join(scan.root, scan.path);
      for (const result of await orFailed(name, failed, () => handle({ ...scan, name, index }))) {
        done.push(result);
        await onResult?.(result);
      }
      tell(index + 1, found.length);
    }
    return done;
  });
  return { results, failed };
}

/** One line each on standard error. */
export function sayFailed(failed: readonly ScanProblem[]): void {
  for (const { path, reason } of failed) process.stderr.write(`emars: ${path}: ${reason}\n`);
}

/** One value, or none where the data are at fault, which is noted; other errors are thrown. */
async function orFailed<T>(path: string, failed: ScanProblem[], work: () => Promise<T>): Promise<T[]> {
  try {
    return [await work()];
  } catch (error) {
    if (kindOf(error) !== 'data' || !(error instanceof Error)) throw error;
    failed.push({ path, reason: withoutPath(error.message, path) });
    return [];
  }
}

/** What is said of a file names the file already where the file as a whole is at fault. */
function withoutPath(message: string, path: string): string {
  return message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message;
}
