/**
 * An architecture without weights: from the `model.json` of a model, from what `emars inspect --json` prints,
 * or alone. What a retraining on other scans starts from.
 */
import { open } from 'node:fs/promises';
import { z } from 'zod';
import type { Architecture } from '../network/architecture.js';
import { networkOf } from '../network/architecture.js';
import { ModelError } from './errors.js';
import type { ModelDocument } from './schema.js';
import { architectureSchema, modelSchema } from './schema.js';

/** Longer than any file that holds one. */
const LARGEST = 4 * 1024 * 1024;

/** What a file says besides the architecture; null where it does not. */
export interface ArchitectureFile {
  readonly architecture: Architecture;
  readonly input: ModelDocument['input'] | null;
  readonly window: ModelDocument['preprocessing']['window'] | null;
}

/** Of a model only what a retraining takes over; the rest may be anything. */
const holder = z.object({
  architecture: architectureSchema,
  input: modelSchema.shape.input.optional(),
  preprocessing: z.object({ window: modelSchema.shape.preprocessing.shape.window }).optional(),
});

const FORMS =
  'a model.json, the output of emars inspect --genome FILE --json, ' +
  'or {"kind": "path", "space": {…}, "genome": […]}';

/** Errors: ModelError for a file that is missing, too large, or holds no architecture that can be built. */
export async function readArchitecture(path: string): Promise<ArchitectureFile> {
  const value = parsed(path, await readText(path));
  const alone = architectureSchema.safeParse(value);
  const whole = alone.success
    ? { architecture: alone.data, input: undefined, preprocessing: undefined }
    : checked(path, value);
  try {
    networkOf(whole.architecture);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ModelError(path, 'mismatch', `architecture: ${error.message}`, { cause: error });
  }
  const { architecture, input = null, preprocessing } = whole;
  return { architecture, input, window: preprocessing?.window ?? null };
}

function checked(path: string, value: unknown): z.output<typeof holder> {
  const result = holder.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue?.path.join('.') ?? '';
  const isNone = typeof value !== 'object' || value === null || !('architecture' in value || 'kind' in value);
  throw new ModelError(
    path,
    'format',
    isNone ? `expected an architecture: ${FORMS}` : `${where}: ${issue?.message ?? 'no architecture'}`,
  );
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ModelError(path, 'format', `expected ${FORMS}, got no JSON`, { cause: error });
  }
}

async function readText(path: string): Promise<string> {
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      if (size > LARGEST)
        throw new ModelError(path, 'format', `expected at most ${LARGEST} bytes, got ${size}`);
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof ModelError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ModelError(
      path,
      code === 'ENOENT' ? 'missing' : 'unreadable',
      `expected ${FORMS}, got ${code}`,
      { cause: error },
    );
  }
}
