/** What a soak has found, for people. */
import { textTable } from '#emars/app/output.js';
import type { Finding, Unit } from './series.js';
import type { Soaked } from './soak.js';

const MIB = 2 ** 20;
const WORDS = { steady: 'steady', grows: 'GROWS', short: 'too short to tell' };

export function courseTable(findings: readonly Finding[]): string {
  const right = (head: string): { head: string; align: 'right' } => ({ head, align: 'right' });
  return textTable(
    [
      { head: 'of' },
      { head: 'what' },
      right('median'),
      right('% an hour'),
      right('99 % interval'),
      { head: 'verdict' },
    ],
    findings.map(({ of, what, unit, trend, verdict }) => [
      of,
      what,
      trend === null ? '–' : amountText(trend.level, unit),
      trend === null ? '–' : trend.slope.toFixed(2),
      trend === null ? '–' : `${trend.low.toFixed(2)} … ${trend.high.toFixed(2)}`,
      WORDS[verdict],
    ]),
  );
}

export function summary(soaked: Soaked, findings: readonly Finding[], limit: number): string {
  const { hours, epochs, kills, failures } = soaked;
  const growing = findings.filter(({ verdict }) => verdict === 'grows');
  const open = findings.filter(({ verdict }) => verdict === 'short');
  const steady = findings.length - growing.length - open.length;
  return [
    `${hours.toFixed(2)} h, ${epochs} epochs, a trainer killed ${kills} times`,
    `${steady} of ${findings.length} quantities grow by less than ${limit} % an hour`,
    ...(open.length === 0
      ? []
      : [`${open.length} cannot be told from growth in so short a time: ${names(open)}`]),
    ...growing.map(
      ({ of, what, trend }) =>
        `GROWS: ${of}, ${what}: ${trend!.slope.toFixed(2)} % an hour, limit ${limit} %`,
    ),
    ...failures.map((failure) => `FAILED: ${failure}`),
  ].join('\n');
}

const names = (findings: readonly Finding[]): string =>
  findings.map(({ of, what }) => `${of} ${what}`).join(', ');

function amountText(value: number, unit: Unit): string {
  if (unit === 'number') return value.toFixed(0);
  return value < MIB ? `${(value / 1024).toFixed(1)} KB` : `${(value / MIB).toFixed(1)} MB`;
}
