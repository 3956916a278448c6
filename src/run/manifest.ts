/**
 * The manifest of a run: what a worker on another host needs of it, each content by its SHA-256. Made by the
 * run's parent when the first worker asks; it is a content itself, known by its own digest.
 */
import { z } from 'zod';
import { longText, sha256, shortText } from './fields.js';
import { parseJson } from './read-file.js';

const bytes = z
  .number()
  .int()
  .min(0)
  .max(2 ** 40);
const content = z.object({ sha256, bytes });

const manifestSchema = z.object({
  format: z.literal(1),
  /** Absolute paths on the host of the run: a worker that finds the same there takes it from there. */
  paths: z.object({ scans: longText, snapshots: longText }),
  config: content,
  split: content,
  data: content,
  /** First weights of a cohort (`cohortWeights`), in the order of the configuration. */
  weights: z.array(content).max(1000),
  /** Decoded scans of training and validation, as the cache of decoded scans holds them. */
  scans: z
    .array(content.extend({ id: longText, patient: shortText, class: shortText, contentHash: sha256 }))
    .max(1e6),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** Equal bytes for equal manifests. */
export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifestSchema.parse(manifest))}\n`;
}

/** Errors: RunFolderError; `where`: what to call it there. */
export function parseManifest(where: string, text: Uint8Array): Manifest {
  return parseJson(where, manifestSchema, text);
}
