/** What the evolution machine has done for it: snapshots, the work queue, results, local measurements. */
import type { EvolutionInput, LocalSubject, StateHolders } from '../../protocol/evolution/commands.js';
import type { Measured } from '../../objectives/objective.js';
import type { WorkQueue } from '../../runtime/bus/work-queue.js';
import { ThreadDeadline, ThreadExited } from '../../runtime/process/thread.js';
import { keepOnly, readSnapshot, SnapshotError, writeSnapshot } from '../../runtime/storage/snapshots.js';
import type { SearchRules } from '../../search/state.js';
import { encode } from '../../wire/messages.js';
import type { RunFolder } from '../../run/folder.js';
import { writeResults } from '../../run/results.js';
import { trace } from '../../runtime/trace/trace.js';
import type { EvolutionWork } from './evolution-shell.js';
import { textOf } from '../../errors/text.js';

export interface WorkParts {
  readonly folder: RunFolder;
  readonly rules: SearchRules;
  readonly queue: WorkQueue;
  /** Measures an objective that needs no weights. */
  readonly measure: (objective: string, subject: LocalSubject) => Promise<Measured>;
  /** The learned state, the bytes of a snapshot, from a trainer that holds it. */
  readonly takeState: (holders: StateHolders) => Promise<Uint8Array>;
}

/**
 * Commands of one kind of machinery run one after the other, in the order of the machine; who measures has a queue
 * of its own, so that a module that hangs holds up no other objective.
 */
export function evolutionWork({ folder, rules, queue, measure, takeState }: WorkParts): EvolutionWork {
  const inTurn = { disk: inOrder(), broker: inOrder() };
  return (command, search) => {
    const traced =
      (track: keyof typeof inTurn) =>
      (job: Job): ReturnType<Job> =>
        inTurn[track](() => trace.during('disk', command.kind, job, { track }));
    const [disk, broker] = [traced('disk'), traced('broker')];
    switch (command.kind) {
      case 'check-snapshot':
        return disk(async () => {
          const { sha256, holders } = command;
          const problem = await readSnapshot(folder.snapshots, sha256)
            .catch(async (error: unknown) => {
              if (!(error instanceof SnapshotError && error.reason === 'missing') || holders === null)
                throw error;
              await writeSnapshot(folder.snapshots, [await takeState(holders)]);
              return readSnapshot(folder.snapshots, sha256);
            })
            .then(() => null, textOf);
          return { kind: 'snapshot-checked', sha256, problem };
        });
      case 'keep-snapshots':
        return disk(async () => {
          await keepOnly(folder.snapshots, [...command.sha256s]);
          return null;
        });
      case 'write-results':
        return disk(async () => {
          await writeResults(folder, rules, search);
          return { kind: 'results-written', epoch: command.epoch };
        });
      case 'empty-queue':
        return broker(() => queue.purge().then(() => ({ kind: 'queue-emptied' }), queueFailed));
      case 'enqueue':
        return broker(async () => {
          try {
            // A broker that died in the midst of a declaration may have the stream without its consumer.
            await queue.declare();
            for (const { id, request } of command.requests)
              await queue.enqueue(encode('EvaluationRequest', request), id);
            return { kind: 'enqueued' };
          } catch (error) {
            return queueFailed(error);
          }
        });
      case 'measure':
        return (async () => {
          const { key, subject } = command;
          try {
            const { value, defined } = await measure(key.objective, subject);
            return { kind: 'measured', key, outcome: { value, defined: defined ?? true } };
          } catch (error) {
            // The thread that measures is gone, or hangs: no verdict on the individual. This process starts again with
            // a new one.
            if (error instanceof ThreadExited || error instanceof ThreadDeadline) throw error;
            return { kind: 'measured', key, outcome: { failure: textOf(error) } };
          }
        })();
    }
  };
}

type Job = () => Promise<EvolutionInput | null>;

function inOrder(): (job: Job) => ReturnType<Job> {
  let last: Promise<unknown> = Promise.resolve();
  return (job) => {
    const mine = last.then(job);
    last = mine.catch(() => undefined);
    return mine;
  };
}

function queueFailed(error: unknown): EvolutionInput {
  return { kind: 'queue-failed', reason: textOf(error) };
}
