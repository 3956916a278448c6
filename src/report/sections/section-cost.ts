/**
 * Where the time went, who did the work, and what the run survived.
 */
import type { Markup } from '../html.js';
import { html } from '../html.js';
import { counted, duration, memory, NONE, percent, whole } from '../numbers.js';
import type { ReportData } from '../report-data.js';
import type { RunRecord, Timings } from '../../run/record.js';
import { table } from './table.js';

/** Phases in the order in which they happen, with the words for them; others follow under their own names. */
const PHASES: Readonly<Record<string, string>> = {
  prepareSeconds: 'prepare data',
  startSeconds: 'start processes',
  trainSeconds: 'train',
  evaluateSeconds: 'evaluate',
  snapshotSeconds: 'snapshots',
  selectSeconds: 'select',
};

/** Colours there are for phases; more phases repeat them. */
const COLOURS = 6;

interface Phase {
  readonly name: string;
  readonly seconds: number;
  /** 0…1 */
  readonly share: number;
}

/** Phases with their share of the total; what no phase accounts for comes last, as `other`. */
export function timeShares(timings: Timings): { total: number; phases: Phase[] } {
  const keys = new Set([...Object.keys(PHASES), ...Object.keys(timings)]);
  keys.delete('totalSeconds');
  const known = [...keys].flatMap((key) => {
    const seconds = timings[key];
    return seconds == null ? [] : [{ name: PHASES[key] ?? key.replace(/Seconds$/, ''), seconds }];
  });
  const sum = known.reduce((total, { seconds }) => total + seconds, 0);
  const total = Math.max(timings['totalSeconds'] ?? 0, sum);
  const rest = total - sum;
  // Less than a thousandth is rounding, not a phase.
  const phases = rest > total / 1000 ? [...known, { name: 'other', seconds: rest }] : known;
  return {
    total,
    phases: phases.map((phase) => ({ ...phase, share: total > 0 ? phase.seconds / total : 0 })),
  };
}

const colourOf = (name: string, index: number): string =>
  name === 'other' ? 'other' : String(index % COLOURS);

function timeBar({ timings }: RunRecord): Markup {
  const { total, phases } = timeShares(timings);
  if (total === 0) return html`<p>No times have been recorded yet.</p>`;
  const bar = ({ name, share }: (typeof phases)[number], index: number): Markup => {
    const grow = (share * 1000).toFixed(1);
    const label = share >= 0.12 && name;
    return html`<span class="phase-${colourOf(name, index)}" style="flex-grow:${grow}">${label}</span>`;
  };
  return html`<div class="time" aria-hidden="true">${phases.map(bar)}</div>
    ${table(
      `Where the time went, ${duration(total)} in all`,
      [{ head: 'phase' }, { head: 'time', numeric: true }, { head: 'share', numeric: true }],
      phases.map(({ name, seconds, share }, index) => ({
        cells: [
          html`<i class="swatch phase-${colourOf(name, index)}"></i>${name}`,
          duration(seconds),
          percent(share),
        ],
      })),
    )}`;
}

function processTable({ processes }: RunRecord): Markup {
  if (processes.length === 0) return html`<p>No process has been recorded.</p>`;
  const startsKnown = processes.some(({ starts }) => starts !== null);
  const all = processes.reduce((total, process) => total + (process.slots ?? 0), 0);
  const share = (part: number | null): string =>
    part === null ? NONE : part === 0 ? '0' : `${whole(part)} (${percent(part / all, 0)})`;
  return html`${table(
      'Processes and their work',
      [
        { head: 'role' },
        { head: 'id' },
        { head: 'device' },
        ...(startsKnown ? [{ head: 'starts', numeric: true }] : []),
        { head: 'gradient slots', numeric: true },
        { head: 'measurements', numeric: true },
        { head: 'peak memory', numeric: true },
      ],
      processes.map(({ role, id, device, starts, slots, evaluations, peakMemory }) => ({
        cells: [
          role,
          html`<code>${id}</code>`,
          device ?? NONE,
          ...(startsKnown ? [starts === null ? NONE : whole(starts)] : []),
          share(slots),
          evaluations === null ? NONE : whole(evaluations),
          peakMemory === null ? NONE : memory(peakMemory),
        ],
      })),
    )}
    <p class="fine">
      Measurements: one objective of one individual each. To evaluate an individual takes one for each
      objective; size and potential are measured by the evolution process.
    </p>`;
}

/** What happened on the way, in words: nothing of it has changed the result. */
function survived({
  processes,
  repeatedSlots,
  checkedSlots,
  duplicateResults,
  rolledBackEpochs,
  resumedFromEpoch,
}: RunRecord): Markup {
  const events = [
    repeatedSlots > 0 && `${counted(repeatedSlots, 'gradient slot')} computed again after a worker was lost`,
    duplicateResults > 0 && `${counted(duplicateResults, 'evaluation')} delivered twice and counted once`,
    rolledBackEpochs > 0 && `${counted(rolledBackEpochs, 'epoch')} begun again from a snapshot`,
    resumedFromEpoch !== null && `resumed after epoch ${resumedFromEpoch}`,
  ].filter((event) => event !== false);
  const wrong = processes.filter(({ quarantined }) => quarantined !== null);
  return html`${
    events.length === 0
      ? html`<p>No work had to be repeated.</p>`
      : html`<p>Survived: ${events.join('; ')}.</p>`
  }${
    checkedSlots > 0 &&
    html`<p>
      ${counted(checkedSlots, 'gradient slot')} were computed by two trainers, which came to the same.
    </p>`
  }${wrong.map(
    ({ id, quarantined }) =>
      html`<p>
        Quarantined: <code>${id}</code>, as ${quarantined}. What it computed of that epoch was computed again
        by others.
      </p>`,
  )}`;
}

/** Messages that nobody could use: of strangers, or damaged on their way. They change nothing. */
function deadLetters({ deadLetters: count, lastDeadLetters: last }: RunRecord): Markup {
  if (count === 0) return html``;
  return html`${table(
    `${counted(count, 'dead letter')}, the last of them`,
    [{ head: 'refused by' }, { head: 'expected' }, { head: 'why' }],
    last.map(({ by, expected, reason }) => ({ cells: [html`<code>${by}</code>`, expected, reason] })),
  )}`;
}

export function costSection({ run: { record } }: ReportData): Markup {
  return html`${timeBar(record)}${processTable(record)}${survived(record)}${deadLetters(record)}`;
}
