/** The front of a run as a table for the terminal, beside what guessing the largest class would reach. */
import { NONE, percent, withUnit } from '../report/numbers.js';
import type { Front, FrontMember, Objective } from '../report/run-files.js';
import type { Column } from './output.js';
import { textTable } from './output.js';

/** What of `front.json` is shown. */
export interface ShownFront {
  readonly objectives: readonly Objective[];
  readonly front: readonly ShownIndividual[];
}
export type ShownIndividual = Pick<FrontMember, 'id' | 'values'>;

const ARROW: Readonly<Record<Front['objectives'][number]['direction'], string>> = { max: '↑', min: '↓' };

const show = (value: number | undefined, measure: Objective): string =>
  value === undefined ? NONE : withUnit(value, measure);

/** Best accuracy first, then by id: the first row is the run's best individual. */
export function inOrder(front: readonly ShownIndividual[]): ShownIndividual[] {
  const accuracy = ({ values }: ShownIndividual): number => values['accuracy'] ?? -Infinity;
  return [...front].sort((a, b) =>
    accuracy(a) === accuracy(b) ? (a.id < b.id ? -1 : a.id > b.id ? 1 : 0) : accuracy(b) - accuracy(a),
  );
}

/** Accuracy is shown even where it is no objective. */
function measuresOf({ objectives, front }: ShownFront): Objective[] {
  const listed = objectives.some(({ name }) => name === 'accuracy');
  const measured = front.some(({ values }) => values.accuracy !== undefined);
  return listed || !measured
    ? [...objectives]
    : [{ name: 'accuracy', direction: 'max', unit: '' }, ...objectives];
}

/**
 * The table; `majority` is the share of the largest class in D_val (0…1), null where it is not known.
 * An arrow stands by every objective, none by an accuracy that is only shown.
 */
export function renderFrontTable(front: ShownFront, majority: number | null): string {
  const measures = measuresOf(front);
  const wanted = (measure: Objective): string =>
    front.objectives.includes(measure) ? ` ${ARROW[measure.direction]}` : '';
  const columns: Column[] = [
    { head: 'individual' },
    ...measures.map((measure) => ({ head: measure.name + wanted(measure), align: 'right' as const })),
  ];
  const rows = inOrder(front.front).map(({ id, values }) => [
    id,
    ...measures.map((measure) => show(values[measure.name], measure)),
  ]);
  const guess = measures.map(({ name }) =>
    name === 'accuracy' && majority !== null ? percent(majority) : '',
  );
  const baseline =
    majority === null || !measures.some(({ name }) => name === 'accuracy')
      ? []
      : [['always the largest class', ...guess]];
  return textTable(columns, [...rows, ...baseline]);
}
