/**
 * The steps of a trainer in a profile: each from the end of the one before until its weights are moved, and in it
 * where the time went. It looks at the commands that begin and end, and decides nothing.
 */
import type { ReplicaCommand } from '../../protocol/trainer/commands.js';
import { trace } from '../../runtime/trace/trace.js';

export class StepTrace {
  private at: { readonly from: number; computedAt: number } | null = null;

  /** A command begins; what is returned is called at its end. */
  begun(command: ReplicaCommand): () => void {
    if (!trace.on) return nothing;
    const from = trace.now();
    switch (command.kind) {
      case 'compute': {
        const { epoch, step, lease } = command;
        this.at ??= { from, computedAt: from };
        if (this.at.computedAt < from)
          trace.span('wait', 'wait for the plan', this.at.computedAt, { to: from });
        return () => {
          trace.span('step', 'slot and its way to the other thread', from, {
            args: { epoch, step, slot: lease.slot },
          });
          if (this.at !== null) this.at.computedAt = trace.now();
        };
      }
      case 'apply': {
        const { step } = command;
        this.at ??= { from, computedAt: from };
        const { from: begun, computedAt } = this.at;
        trace.span('wait', 'wait for slots and commit', computedAt, { args: { step }, to: from });
        return () => {
          trace.span('compute', 'sum and move weights', from, { args: { step } });
          trace.span('step', 'step', begun, { args: { step } });
          const now = trace.now();
          this.at = { from: now, computedAt: now };
        };
      }
      default:
        this.at = null;
        return () => trace.span(command.kind === 'digest' ? 'compute' : 'disk', command.kind, from);
    }
  }
}

const nothing = (): void => undefined;
