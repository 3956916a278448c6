/** The configuration of a study: a search, a retraining, and new scans to try the model on. */
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { EmarsError } from '../errors/error.js';
import { complaint } from '../run/read-file.js';
import { BASELINE_NAMES } from '../space/baseline-names.js';

/** A study that is configured wrongly. */
export class StudyConfigError extends EmarsError {
  override readonly name = 'StudyConfigError';
  readonly kind = 'usage';
}

/** Bytes of a study file, at most. */
export const LARGEST_STUDY = 2 ** 20;

const differences = z.record(z.string().max(256), z.json());
const epochs = z.int().min(1).max(100_000);

const schema = z.strictObject({
  /** Differences from configs/defaults.yaml, as in the configuration of a search. */
  search: differences,
  retrain: z.strictObject({
    /** Candidates along the front. */
    top: z.int().min(1).max(100),
    rankEpochs: epochs,
    epochs,
    /** Differences from the configuration of the search. */
    recipe: differences,
  }),
  /** Networks designed by hand, trained by the recipe of the retraining. */
  baselines: z.strictObject({
    networks: z
      .array(z.enum(BASELINE_NAMES))
      .max(BASELINE_NAMES.length)
      .refine((names) => new Set(names).size === names.length, { error: 'expected each network once' }),
    epochs,
  }),
  /** Phantoms of other patients than those of the search, for heat maps and predictions. */
  newScans: z.strictObject({
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1),
    patients: z.int().min(1).max(10_000),
  }),
});

export type StudyOptions = z.output<typeof schema>;

/** Errors: StudyConfigError that names the first key at fault. */
export function parseStudy(path: string, text: string): StudyOptions {
  let value: unknown;
  try {
    value = parseYaml(text, { maxAliasCount: 0, prettyErrors: true });
  } catch (error) {
    const [line = ''] = (error as Error).message.split('\n', 1);
    throw new StudyConfigError(`${path}: expected YAML: ${line}`);
  }
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  throw new StudyConfigError(
    `${path}: ${complaint(checked.error)}; a study has search, retrain, baselines and newScans ` +
      '(see configs/study-quickstart.yaml)',
  );
}
