/** Where a search is, by its record. */
import type { RunRecord } from '../run/record.js';

/** Training or evaluating, hence with room for faults. */
export function isAtWork(record: RunRecord | null): boolean {
  return record?.status === 'running' && !['preparing', 'done', 'failed'].includes(record.phase);
}

export function evolutionOf(record: RunRecord | null): number | null {
  return record?.processes.find(({ role }) => role === 'evolution')?.pid ?? null;
}

/** The record is of another evolution process, and that has said where the search is. */
export function isReborn(record: RunRecord | null, dead: number | null): boolean {
  const pid = evolutionOf(record);
  return record !== null && record.phase !== 'preparing' && pid !== null && pid !== dead;
}

/** Changes whenever the search gets anywhere. */
export function positionOf(record: RunRecord | null): string {
  if (record === null) return '';
  const { phase, epoch, step, rolledBackEpochs, processes } = record;
  const work = processes.map(({ id, slots, evaluations }) => `${id} ${slots} ${evaluations}`);
  return [phase, epoch, step, rolledBackEpochs, ...work].join(' ');
}
