/** Lines of a history with only what a test is about. */
import type { HistoryLine } from '#emars/run/history.js';

/** `id`: one hex digit, sixteen times. */
export function historyLine(
  epoch: number,
  id: string,
  values: Record<string, number>,
  more: Partial<HistoryLine> = {},
): HistoryLine {
  return {
    epoch,
    id: id.repeat(16),
    genome: ['skip'],
    values,
    trained: 1,
    confusion: null,
    potentialDefined: null,
    failed: null,
    selected: false,
    ...more,
  };
}
