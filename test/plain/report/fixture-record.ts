/** `run.json` of the fixture run: three workers of which one was started again, after a resume. */
import type { ProcessRecord, RunRecord } from '#emars/run/record.js';
import type { SearchState } from '#emars/search/state.js';

const MIB = 2 ** 20;

/** `end`: the last state of the search; a run that did not finish has seen less of everything. */
export function recordOf(status: 'interrupted' | 'finished', end: SearchState): RunRecord {
  const finished = status === 'finished';
  const evaluations = end.history.length;
  const workers: Partial<ProcessRecord>[] = [
    { role: 'broker', peakMemory: 30 * MIB },
    { role: 'evolution', peakMemory: 142 * MIB },
    {
      role: 'trainer',
      device: 'cpu',
      slots: 12 * end.epoch + 5,
      joinedAtStep: 0,
      evaluations: Math.floor(evaluations * 0.2),
      peakMemory: 584 * MIB,
    },
    {
      role: 'trainer',
      device: 'cpu',
      starts: finished ? 2 : 1,
      slots: 11 * end.epoch,
      joinedAtStep: 0,
      evaluations: Math.floor(evaluations * 0.15),
      peakMemory: 574 * MIB,
    },
    { role: 'evaluator', device: 'cpu', evaluations: Math.ceil(evaluations * 0.65), peakMemory: 475 * MIB },
  ];
  return {
    format: 1,
    status,
    error: null,
    phase: finished ? 'done' : 'search',
    epoch: end.epoch,
    epochs: end.epoch,
    step: end.step,
    processes: workers.map((worker, index) => ({
      role: '',
      pid: 4101 + index,
      device: null,
      peakMemory: null,
      starts: 1,
      slots: 0,
      joinedAtStep: null,
      stepSeconds: null,
      evaluations: 0,
      memory: null,
      busy: null,
      dataShare: null,
      seen: null,
      quarantined: null,
      ...worker,
      id: index < 2 ? worker.role! : `${worker.role!}-${index === 4 ? 1 : index - 1}`,
    })),
    repeatedSlots: finished ? 3 : 0,
    checkedSlots: finished ? 4 : 0,
    duplicateResults: finished ? 1 : 0,
    rolledBackEpochs: 0,
    deadLetters: 0,
    lastDeadLetters: [],
    resumedFromEpoch: finished ? 5 : null,
    badScans: [],
    timings: finished
      ? {
          prepareSeconds: 9.4,
          trainSeconds: 96.2,
          evaluateSeconds: 31.7,
          snapshotSeconds: 2.1,
          selectSeconds: 0.4,
          totalSeconds: 144.9,
        }
      : { trainSeconds: 41.5 },
    fingerprint: { tensorflow: '2.18.0', threads: 1, cpu: 'avx2 fma', node: 20, canary: '5f3a9c01' },
  };
}
