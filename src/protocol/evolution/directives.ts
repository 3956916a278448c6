/**
 * What trainers are told: the directive of a stage. Sent again and again, each is idempotent. As long as
 * nothing it is made of changes it stays the same object, so that a plan of thousands of individuals is
 * made and encoded once and not with every repetition.
 */
import { asksOf } from '../../search/double-check.js';
import type { SearchState } from '../../search/state.js';
import { standingSnapshot } from '../../search/state.js';
import { leasesOf } from '../../search/step-ledger.js';
import type { Draft, Message } from '../../wire/messages.js';
import type { Told, Training } from './training-state.js';

/** The directive of the stage at work; null where there is nothing to tell. */
export function toTell(search: SearchState, training: Training): Told | null {
  const { told } = training;
  const parts = partsOf(search, training);
  if (told?.parts.length === parts.length && parts.every((part, i) => part === told.parts[i])) return told;
  const directive = directiveOf(search, training);
  return directive === null ? null : { directive, parts };
}

/** All that `directiveOf` reads; none of it changes in place. */
function partsOf(search: SearchState, { stage, members, joining }: Training): readonly unknown[] {
  const { fence, epoch, step, plan, snapshot, saved, lastCommit } = search;
  return [
    ...[fence, epoch, step, plan, snapshot, saved, lastCommit, members, joining, stage.name],
    ...(stage.name === 'stepping' ? [...leasesOf(stage.ledger), stage.checks] : []),
    ...(stage.name === 'ending' ? [stage.writer] : []),
  ];
}

function directiveOf(search: SearchState, { stage, members, joining }: Training): Draft<'Directive'> | null {
  const { fence, epoch, plan, step } = search;
  const head = { fence, epoch, members };
  switch (stage.name) {
    case 'idle':
    case 'adopting':
    case 'restoring':
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
          checks: asksOf(stage.checks),
          commit: lastCommitOf(search),
          joining: joining.size === 0 ? null : { trainers: [...joining].sort(), plan: epochPlanOf(search) },
        },
      };
    case 'ending':
      return { ...head, end: { commit: lastCommitOf(search), writer: stage.writer } };
  }
}

function epochPlanOf(search: SearchState): NonNullable<Message<'Directive'>['plan']> {
  const { plan } = search;
  const firstStep = plan!.firstStep;
  const { snapshot, step } = standingSnapshot(search) ?? { snapshot: search.snapshot, step: firstStep };
  return {
    snapshot,
    startStep: step,
    firstStep,
    individuals: plan!.individuals.map(({ id, genome }) => ({ id, genome: [...genome] })),
    schedule: plan!.schedule.flat(),
  };
}

/** The step before, again: core NATS may have lost it. */
function lastCommitOf({ lastCommit: slots, step }: SearchState): StepCommit | null {
  if (slots === null) return null;
  return { step: step - 1, slots };
}

type StepCommit = NonNullable<NonNullable<Message<'Directive'>['end']>['commit']>;
