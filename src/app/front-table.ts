/** The front of a run as a table for the terminal, beside what guessing the largest class would reach. */
import { NONE, percent, withUnit } from '../report/numbers.js';
import { byAccuracy } from '../run/best.js';
import type { FrontMember, Measure } from '../run/front.js';
import type { Column } from './output.js';
import { textTable } from './output.js';

/** What of `front.json` is shown. */
export interface ShownFront {
  readonly objectives: readonly Measure[];
  readonly front: readonly ShownIndividual[];
}
/** `history`: [epoch, accuracy] of each evaluation; not needed where nothing is said of the potential. */
export type ShownIndividual = Pick<FrontMember, 'id' | 'values'> & Partial<Pick<FrontMember, 'history'>>;

/** Said where an accuracy stands beside a majority that it does not beat. */
export const NOT_ABOVE_MAJORITY =
  'not above the majority: always naming the largest class does as well or better';

const ARROW: Readonly<Record<Measure['direction'], string>> = { max: '↑', min: '↓' };

/** A slope needs two accuracies; before, 0 stands for it in the search, and nothing here. */
function show({ values, history }: ShownIndividual, measure: Measure): string {
  const value = values[measure.name];
  const undefinedSlope = measure.name === 'potential' && history !== undefined && history.length < 2;
  return value === undefined || undefinedSlope ? NONE : withUnit(value, measure);
}

/** Accuracy is shown even where it is no objective. */
function measuresOf({ objectives, front }: ShownFront): Measure[] {
  const listed = objectives.some(({ name }) => name === 'accuracy');
  const measured = front.some(({ values }) => values.accuracy !== undefined);
  return listed || !measured
    ? [...objectives]
    : [{ name: 'accuracy', direction: 'max', unit: '' }, ...objectives];
}

/**
 * The table, best accuracy first, then by id. `majority`: share of the largest class in D_val (0…1),
 * null where it is not known. An arrow stands by every objective, none by an accuracy that is only shown.
 */
export function renderFrontTable(front: ShownFront, majority: number | null): string {
  const measures = measuresOf(front);
  const wanted = (measure: Measure): string =>
    front.objectives.includes(measure) ? ` ${ARROW[measure.direction]}` : '';
  const columns: Column[] = [
    { head: 'individual' },
    ...measures.map((measure) => ({ head: measure.name + wanted(measure), align: 'right' as const })),
  ];
  const members = [...front.front].sort(byAccuracy);
  const rows = members.map((member) => [member.id, ...measures.map((measure) => show(member, measure))]);
  const guess = measures.map(({ name }) =>
    name === 'accuracy' && majority !== null ? percent(majority) : '',
  );
  const baseline =
    majority === null || !measures.some(({ name }) => name === 'accuracy')
      ? []
      : [['always the largest class', ...guess]];
  const best = members[0]?.values['accuracy'];
  const remark = best !== undefined && majority !== null && best <= majority ? `\n${NOT_ABOVE_MAJORITY}` : '';
  return textTable(columns, [...rows, ...baseline]) + remark;
}
