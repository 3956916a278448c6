/** Look-ups in the plan of an epoch: which individual a slot is of, how long its vector is. */
import { slotPosition } from '../../gradient/slots.js';
import type { Directive, StepCommit } from './commands.js';
import type { TrainerSetup } from './setup.js';
import type { EpochAtWork } from './trainer-state.js';

/** The commit that a directive carries along: that of the step before. */
export function commitOf({ step, end }: Directive): StepCommit | null {
  return step?.commit ?? end?.commit ?? null;
}

/** True when the epoch has this step (absolute index). */
export function isInEpoch(setup: TrainerSetup, { firstStep, schedule }: EpochAtWork, step: number): boolean {
  return step >= firstStep && (step - firstStep + 1) * setup.individualsPerStep <= schedule.length;
}

/** Genome of a slot of a step within the epoch. */
export function genomeOf(
  setup: TrainerSetup,
  epoch: EpochAtWork,
  step: number,
  slot: number,
): readonly string[] {
  return epoch.genomes[individualOf(setup, epoch, step, slot)]!;
}

/** Floats of a slot's vector. */
export function lengthOf(setup: TrainerSetup, epoch: EpochAtWork, step: number, slot: number): number {
  return epoch.lengths[individualOf(setup, epoch, step, slot)]!;
}

function individualOf(
  setup: TrainerSetup,
  { firstStep, schedule }: EpochAtWork,
  step: number,
  slot: number,
): number {
  const { individual } = slotPosition(setup, slot);
  return schedule[(step - firstStep) * setup.individualsPerStep + individual]!;
}
