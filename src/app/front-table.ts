/** The front of a run as a table for the terminal, beside what guessing the largest class would reach. */
import type { Column } from './output.js';
import { textTable } from './output.js';

export interface ShownObjective {
  readonly name: string;
  readonly direction: 'max' | 'min';
  readonly unit: string;
}

export interface ShownIndividual {
  /** Genome hash. */
  readonly id: string;
  /** Objective name → value; accuracy from 0 to 1. */
  readonly values: Readonly<Record<string, number>>;
}

export interface ShownFront {
  readonly objectives: readonly ShownObjective[];
  readonly front: readonly ShownIndividual[];
}

const ARROW = { max: '↑', min: '↓' } as const;

/** A value with as many digits as it deserves. Accuracies are shares and become per cent. */
export function showValue(value: number | undefined, { name, unit }: { readonly name: string; readonly unit: string }): string {
  if (value === undefined) return '–';
  if (name === 'accuracy') return `${(value * 100).toFixed(1)} %`;
  const size = Math.abs(value);
  const digits = unit === 'MB' || unit === 'ms' ? value.toFixed(2) : Number.isInteger(value) && size < 1e7 ? String(value) : size >= 1e7 || (size < 1e-4 && size > 0) ? value.toExponential(2) : String(Number(value.toPrecision(4)));
  return unit === '' ? digits : `${digits} ${unit}`;
}

/** Best accuracy first, then by id: the first row is the run's best individual. */
export function inOrder(front: readonly ShownIndividual[]): ShownIndividual[] {
  const accuracy = ({ values }: ShownIndividual): number => values.accuracy ?? -Infinity;
  return [...front].sort((a, b) => (accuracy(a) === accuracy(b) ? (a.id < b.id ? -1 : a.id > b.id ? 1 : 0) : accuracy(b) - accuracy(a)));
}

/** Accuracy is shown even where it is no objective. */
function measuresOf({ objectives, front }: ShownFront): ShownObjective[] {
  const listed = objectives.some(({ name }) => name === 'accuracy');
  const measured = front.some(({ values }) => values.accuracy !== undefined);
  return listed || !measured ? [...objectives] : [{ name: 'accuracy', direction: 'max', unit: '' }, ...objectives];
}

/**
 * The table; `majority` is the share of the largest class in D_val (0…1), null where it is not known.
 * An arrow stands by every objective, none by an accuracy that is only shown.
 */
export function renderFrontTable(front: ShownFront, majority: number | null): string {
  const measures = measuresOf(front);
  const wanted = (measure: ShownObjective): string => (front.objectives.includes(measure) ? ` ${ARROW[measure.direction]}` : '');
  const columns: Column[] = [{ head: 'individual' }, ...measures.map((measure) => ({ head: measure.name + wanted(measure), align: 'right' as const }))];
  const rows = inOrder(front.front).map(({ id, values }) => [id, ...measures.map((measure) => showValue(values[measure.name], measure))]);
  const guess = measures.map(({ name }) => (name === 'accuracy' && majority !== null ? `${(majority * 100).toFixed(1)} %` : ''));
  const baseline = majority === null || !measures.some(({ name }) => name === 'accuracy') ? [] : [['always the largest class', ...guess]];
  return textTable(columns, [...rows, ...baseline]);
}
