/** What trainers are told: the directive of a stage. Sent again and again, each is idempotent. */
import type { SearchState } from '../../search/state.js';
import { leasesOf } from '../../search/step-ledger.js';
import type { Draft, Message } from '../../wire/messages.js';
import type { Training } from './training-state.js';

/** The directive of the stage at work; null where there is nothing to tell. */
export function directiveOf(
  search: SearchState,
  { stage, members, joining }: Training,
): Draft<'Directive'> | null {
  const { fence, epoch, plan, step } = search;
  const head = { fence, epoch, members };
  switch (stage.name) {
    case 'idle':
    case 'adopting':
    case 'verifying':
      return null;
    case 'preparing':
      return { ...head, plan: epochPlanOf(search) };
    case 'stepping':
      return {
        ...head,
        step: {
          step,
          stepInEpoch: step - plan!.firstStep,
          leases: leasesOf(stage.ledger),
          commit: lastCommit(search),
          joining: joining.size === 0 ? null : { trainers: [...joining].sort(), plan: epochPlanOf(search) },
        },
      };
    case 'ending':
      return { ...head, end: { commit: lastCommit(search), writer: stage.writer } };
  }
}

function epochPlanOf({ plan, snapshot }: SearchState): NonNullable<Message<'Directive'>['plan']> {
  return {
    snapshot,
    firstStep: plan!.firstStep,
    individuals: plan!.individuals.map(({ id, genome }) => ({ id, genome: [...genome] })),
    schedule: plan!.schedule.flat(),
  };
}

/** The step before, again: core NATS may have lost it. */
function lastCommit({ lastCommit: slots, step }: SearchState): StepCommit | null {
  if (slots === null) return null;
  return { step: step - 1, slots };
}

type StepCommit = NonNullable<NonNullable<Message<'Directive'>['end']>['commit']>;
