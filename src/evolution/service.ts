/**
 * Selection as a service: one JSON text in, one answer out. The pure part of `emars select`, so that
 * programs in other languages can use and check our selectors.
 *
 * Request: {"values":[[…]],"directions":["max","min"],"keep":K,"selector":"nsga3","partitions":p |
 * "references":[[…]],"seed":s,"state":{…}}. Answer: {"selected":[…],"fronts":[[…]],"state":{…}}.
 * The state of one answer may go into the next request: for stationary problems only.
 */
import { z } from 'zod';
import { generator } from '../random/generator.js';
import { ObjectiveValueError, SelectionRequestError } from './objective-values.js';
import { dasDennisCount, smallestPartitions } from './nsga3/reference-directions.js';
import type { SelectionResult } from './selector.js';
import { SELECTOR_NAMES, selectSurvivors } from './selector.js';
import { textOf } from '../errors/text.js';

/** Limits of one request; a larger one is refused before any work is done. */
export const SELECTION_LIMITS = {
  /** Characters of the text. */
  characters: 16 * 1024 * 1024,
  rows: 10_000,
  objectives: 20,
  lines: 20_000,
  /** rows x lines x objectives: about a second of association. */
  associations: 500_000_000,
} as const;

const numbers = z.array(z.number());
const requestShape = z.strictObject({
  values: z.array(z.array(z.unknown())).min(1).max(SELECTION_LIMITS.rows),
  directions: z
    .array(z.enum(['max', 'min']))
    .min(1)
    .max(SELECTION_LIMITS.objectives),
  keep: z.number().int().min(1),
  selector: z.enum(SELECTOR_NAMES).default('nsga3'),
  partitions: z.number().int().min(1).max(SELECTION_LIMITS.lines).optional(),
  references: z.array(numbers).min(1).max(SELECTION_LIMITS.lines).optional(),
  seed: z.number().int().default(0),
  state: z
    .strictObject({
      ideal: numbers,
      worst: numbers,
      extremes: z.array(numbers),
      rngCounter: z.number().int().min(0),
    })
    .optional(),
  accuracyIndex: z.number().int().min(0).optional(),
});
type Request = z.infer<typeof requestShape>;

export type SelectionAnswer =
  { readonly ok: true; readonly output: SelectionResult } | { readonly ok: false; readonly error: string };

/**
 * Answers one request. Never throws for a bad one: `error` is one line that says what was expected
 * and what came. Equal texts give answers that are equal as JSON, byte for byte.
 */
export function answerSelection(text: string): SelectionAnswer {
  if (text.length > SELECTION_LIMITS.characters)
    return refused(`expected at most ${SELECTION_LIMITS.characters} characters, got ${text.length}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return refused(`expected one JSON object (JSON has no NaN or Infinity): ${textOf(error)}`);
  }
  return answerRequest(json);
}

/** The same for a request that is no text any more. */
export function answerRequest(request: unknown): SelectionAnswer {
  const parsed = requestShape.safeParse(request);
  if (!parsed.success) return refused(firstIssue(parsed.error));
  try {
    return { ok: true, output: select(parsed.data) };
  } catch (error) {
    if (error instanceof ObjectiveValueError || error instanceof SelectionRequestError)
      return refused(error.message);
    throw error;
  }
}

function select(request: Request): SelectionResult {
  const { values, directions, keep, selector, partitions, references, seed, state, accuracyIndex } = request;
  if (selector === 'nsga3') {
    const lines =
      references?.length ??
      dasDennisCount(directions.length, partitions ?? smallestPartitions(directions.length, keep));
    if (lines > SELECTION_LIMITS.lines)
      throw new SelectionRequestError(
        'partitions',
        `expected at most ${SELECTION_LIMITS.lines} reference lines, got ${lines}`,
      );
    const work = values.length * lines * directions.length;
    if (work > SELECTION_LIMITS.associations)
      throw new SelectionRequestError(
        'values',
        `expected rows x lines x objectives of at most ${SELECTION_LIMITS.associations}, got ${work}`,
      );
  }
  return selectSurvivors({
    // What is not a number is refused there, with its row and column.
    values: values as number[][],
    directions,
    keep,
    selector,
    // A new stream for each selection of a chain: the count travels in the state.
    random: generator(seed, 'select', state?.rngCounter ?? 0),
    ...(partitions === undefined ? {} : { partitions }),
    ...(references === undefined ? {} : { references }),
    ...(state === undefined ? {} : { state }),
    ...(accuracyIndex === undefined ? {} : { accuracyIndex }),
  });
}

/** The first problem, with the path to it: `references[3][1]: …`. */
function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]!;
  const path = issue.path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
  return path === '' ? issue.message : `${path}: ${issue.message}`;
}

function refused(error: string): SelectionAnswer {
  return { ok: false, error: error.replace(/\s+/g, ' ') };
}
