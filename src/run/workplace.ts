/**
 * The workplace of a worker on another host than its run: a folder like that of a run, with what the worker needs
 * of it. It holds config.yaml, split.json, data.json and bus.json of the run, manifest.json, and this file
 * beside them, which says where the worker keeps contents; `snapshots` leads there.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import { longText, shortText } from './fields.js';
import type { Manifest } from './manifest.js';
import { parseManifest } from './manifest.js';
import { parseJson, readOptional, readRequired } from './read-file.js';

const workplaceSchema = z.object({
  format: z.literal(1),
  /** Folder of the worker's cache, and its bound in bytes. */
  cache: longText,
  cacheBytes: z.number().int().min(1),
  /** Who the worker is on the bus. */
  client: z.object({ role: z.enum(['trainer', 'evaluator']), id: shortText }),
  /** The folder of scans at the same path holds the same scans: they are read from there. */
  scansHere: z.boolean(),
});
export type WorkplaceFacts = z.infer<typeof workplaceSchema>;

export interface Workplace extends WorkplaceFacts {
  readonly manifest: Manifest;
}

interface WorkplacePaths {
  readonly facts: string;
  readonly manifest: string;
}

export function workplacePaths(root: string): WorkplacePaths {
  return { facts: join(root, 'workplace.json'), manifest: join(root, 'manifest.json') };
}

/** Written last: a folder with it is complete. */
export async function writeWorkplace(root: string, facts: WorkplaceFacts): Promise<void> {
  await writeFileAtomic(workplacePaths(root).facts, `${JSON.stringify(facts)}\n`);
}

/** Null for the folder of a run itself. Errors: RunFolderError for a damaged one. */
export async function readWorkplace(root: string): Promise<Workplace | null> {
  const paths = workplacePaths(root);
  const bytes = await readOptional(paths.facts);
  if (bytes === null) return null;
  const manifest = await readRequired(paths.manifest, 'the workplace of this worker is not complete');
  return {
    ...parseJson(paths.facts, workplaceSchema, bytes),
    manifest: parseManifest(paths.manifest, manifest),
  };
}
