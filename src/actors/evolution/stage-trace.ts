/** The phases, stages and turns of evolution in a profile. It looks at states, and decides nothing. */
import type { EvolutionState } from '../../protocol/evolution/evolution-state.js';
import { trace } from '../../runtime/trace/trace.js';
import type { SearchEvent } from '../../search/events.js';

interface Open {
  readonly name: string;
  readonly args: Readonly<Record<string, number>>;
  readonly from: number;
}

/** A turn that took less is not shown: most are heartbeats. */
const SHOWN_MS = 0.5;

export class StageTrace {
  private phase: Open | null = null;
  private stage: Open | null = null;

  /** After a turn that began at `from` and came to `state` and `record`. */
  turned(
    { search, training, evaluation }: EvolutionState,
    from: number,
    record: readonly SearchEvent[],
  ): void {
    if (!trace.on) return;
    const isSelection = record.some(({ type }) => type === 'selected');
    if (isSelection || trace.now() - from > SHOWN_MS)
      trace.span('step', isSelection ? 'turn with selection' : 'turn', from);
    const { epoch, step } = search;
    this.phase = next(this.phase, 'phases', { name: search.phase, args: { epoch }, from });
    const isTraining = training.stage.name !== 'idle';
    const { name } = isTraining ? training.stage : evaluation.stage;
    this.stage = next(this.stage, 'stages', { name, args: isTraining ? { epoch, step } : { epoch }, from });
  }
}

/** What is open from now on: the same, or another, and the one before is shown. */
function next(open: Open | null, track: string, now: Open): Open {
  if (open?.name === now.name && JSON.stringify(open.args) === JSON.stringify(now.args)) return open;
  if (open !== null && open.name !== 'idle')
    trace.span('phase', open.name, open.from, { args: open.args, track, to: now.from });
  return now;
}
