/**
 * Split files: our own `split.json`, and lists that users bring.
 *
 * Ours: `{"format":1,"classes","seed","fractions","train":[{"id","patient","class"}],"validation","test"}`.
 * A user's file has `train`, `validation` (or `val`) and `test`, each of them one of
 * - a list of scan ids, or of objects with an `id`;
 * - a list as Clean-CC-CCII publishes it: class → patient → scan → file names;
 * - the name of a JSON file beside it that holds one of these (`"train": "ct_train.json"`).
 * Without a validation side, one fifth of the training patients become it.
 */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { reasonOf } from '../errors.js';
import { formatOf, isVolume } from '../catalogue/formats.js';
import { codeUnitOrder } from '../catalogue/natural-order.js';
import {
  checkSplit,
  classesOf,
  entryOf,
  splitByPatient,
  SplitError,
  type Side,
  type Split,
  type SplitEntry,
  type SplitScan,
} from './split.js';

const mostBytes = 256 * 2 ** 20;

const entry = z.object({
  id: z.string().min(1),
  patient: z.string().optional(),
  class: z.string().optional(),
});
const published = z.record(z.string(), z.record(z.string(), z.record(z.string(), z.array(z.string()))));
const list = z.union([z.array(z.union([z.string().min(1), entry])), published]);
const file = z.object({
  format: z.literal(1).optional(),
  classes: z.array(z.string()).optional(),
  seed: z.number().int().nullable().optional(),
  fractions: z.object({ validation: z.number(), test: z.number().optional() }).nullable().optional(),
  train: z.union([z.string(), list]),
  validation: z.union([z.string(), list]).optional(),
  val: z.union([z.string(), list]).optional(),
  test: z.union([z.string(), list]).optional(),
});

type ScanList = z.infer<typeof list>;

/** Writes `split.json`: sorted by id, one scan a line, equal bytes for equal splits. */
export async function writeSplit(path: string, split: Split): Promise<void> {
  await writeFile(path, formatSplit(split));
}

/** The text of a split file. */
export function formatSplit(split: Split): string {
  const lines = (entries: readonly SplitEntry[]): string => {
    const sorted = [...entries].sort((a, b) => codeUnitOrder(a.id, b.id));
    return sorted.length === 0
      ? '[]'
      : `[\n${sorted.map((each) => `    ${JSON.stringify(entryOf(each))}`).join(',\n')}\n  ]`;
  };
  return [
    '{',
    '  "format": 1,',
    `  "classes": ${JSON.stringify(split.classes)},`,
    `  "seed": ${JSON.stringify(split.seed)},`,
    `  "fractions": ${JSON.stringify(split.fractions)},`,
    `  "train": ${lines(split.train)},`,
    `  "validation": ${lines(split.validation)},`,
    `  "test": ${lines(split.test)}`,
    '}',
    '',
  ].join('\n');
}

/**
 * Reads a split file and checks it against the scans.
 * @param options seed and share of a validation side that has to be drawn; default 0 and one fifth.
 * Errors: SplitError with every reason at once.
 */
export async function readSplit(
  path: string,
  scans: readonly SplitScan[],
  options: { readonly seed?: number; readonly validation?: number } = {},
): Promise<Split> {
  const parsed = file.safeParse(await readJson(path));
  if (!parsed.success) throw notASplit(path, parsed.error);
  const given = parsed.data;
  const problems: string[] = [];
  const lookUp = scansById(scans);
  const entries = async (side: Side, from: string | ScanList | undefined): Promise<SplitEntry[]> => {
    if (from === undefined) return [];
    return idsOf(typeof from === 'string' ? await listBeside(path, from) : from).flatMap(
      ({ names, patient, class: className }) => {
        const scan = names.map((name) => lookUp.get(name)).find((each) => each !== undefined);
        if (scan === undefined) problems.push(`${names[0]} (${side}) is not among the scans`);
        return scan === undefined
          ? []
          : [
              {
                ...entryOf(scan),
                ...(patient === undefined ? {} : { patient }),
                ...(className === undefined ? {} : { class: className }),
              },
            ];
      },
    );
  };
  const train = await entries('train', given.train);
  const validation = await entries('validation', given.validation ?? given.val);
  const test = await entries('test', given.test);
  if (problems.length > 0) throw new SplitError(problems);
  const base = {
    format: 1 as const,
    classes: given.classes ?? classesOf(scans),
    seed: given.seed ?? null,
    fractions: given.fractions ?? null,
    test,
  };
  const split =
    given.validation === undefined && given.val === undefined
      ? { ...base, ...carve(train, scans, options) }
      : { ...base, train, validation };
  checkSplit(split, scans);
  return split;
}

/** Takes a validation side out of the training side. */
function carve(
  train: readonly SplitEntry[],
  scans: readonly SplitScan[],
  options: { readonly seed?: number; readonly validation?: number },
): Pick<Split, 'train' | 'validation' | 'seed' | 'fractions'> {
  const ids = new Set(train.map(({ id }) => id));
  const drawn = splitByPatient(
    scans.filter(({ id }) => ids.has(id)),
    { fractions: { validation: options.validation ?? 0.2 }, seed: options.seed ?? 0 },
  );
  return { train: drawn.train, validation: drawn.validation, seed: drawn.seed, fractions: drawn.fractions };
}

interface Wanted {
  /** Ids under which the scan may be known, likeliest first. */
  readonly names: readonly string[];
  readonly patient?: string | undefined;
  readonly class?: string | undefined;
}

function idsOf(from: ScanList): Wanted[] {
  if (Array.isArray(from))
    return from.map((each) =>
      typeof each === 'string'
        ? { names: [each] }
        : { names: [each.id], patient: each.patient, class: each.class },
    );
  return Object.entries(from).flatMap(([className, patients]) =>
    Object.entries(patients).flatMap(([patient, own]) =>
      Object.entries(own).map(([scan, files]) => {
        const volume = files.length === 1 && isVolume(formatOf(files[0]!)) ? files[0]! : null;
        const folder = `${className}/${patient}`;
        return {
          names:
            volume === null
              ? [`${folder}/${scan}`, folder]
              : [`${className}/${volume}`, `${folder}/${volume}`, `${folder}/${scan}/${volume}`],
        };
      }),
    ),
  );
}

/**
 * Scans by id, and also without the folder `studies/` that some copies of MosMedData have around their
 * classes.
 */
function scansById(scans: readonly SplitScan[]): Map<string, SplitScan> {
  const byId = new Map<string, SplitScan>();
  for (const scan of scans)
    if (scan.id.startsWith('studies/')) byId.set(scan.id.slice('studies/'.length), scan);
  for (const scan of scans) byId.set(scan.id, scan);
  return byId;
}

async function listBeside(path: string, name: string): Promise<ScanList> {
  if (name !== basename(name) || name.includes('\\'))
    throw new SplitError([`expected the name of a file beside ${path}, got ${name}`]);
  const beside = join(dirname(path), name);
  const parsed = list.safeParse(await readJson(beside));
  if (!parsed.success) throw notASplit(beside, parsed.error);
  return parsed.data;
}

async function readJson(path: string): Promise<unknown> {
  try {
    const { size } = await stat(path);
    if (size > mostBytes) throw new Error(`has ${size} bytes; at most ${mostBytes} are read`);
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new SplitError([`${path} cannot be read (${reasonOf(error)})`]);
  }
}

function notASplit(path: string, error: z.ZodError): SplitError {
  const where = error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`)
    .join('; ');
  return new SplitError([
    `${path} is no split file: expected train, validation and test as lists of scans (${where})`,
  ]);
}
