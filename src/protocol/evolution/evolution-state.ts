/** Setup and state of the evolution machine (evolution.ts). */
import type { SearchRules, SearchState } from '../../search/state.js';
import type { Evaluation } from './evaluation.js';
import { idleEvaluation } from './evaluation.js';
import type { Membership, RollCall } from './membership.js';
import { emptyMembership } from './membership.js';
import type { JoiningRules, ObjectiveActors } from './objective-actors.js';
import { noObjectiveActors } from './objective-actors.js';
import type { Stopwatch } from './status.js';
import { startedStopwatch } from './status.js';
import type { Tally } from './tally.js';
import type { Training, TrainingTiming } from './training-state.js';
import { idleTraining } from './training-state.js';

export interface EvolutionSetup {
  readonly rules: SearchRules;
  readonly timing: EvolutionTiming;
  /** Trainers the run was started with: the first epoch waits for all of them, for a while. */
  readonly expectedTrainers: number;
  /** The first epoch of this process waits for so many trainers, however long that takes; 0: no minimum. */
  readonly minTrainers: number;
  /** Objectives that join the running search. */
  readonly objectives: JoiningRules;
  /** Share of the slots that two trainers compute, to find one that computes wrongly. */
  readonly doubleCheck: number;
  /** Takes workers of other arithmetic: then the result depends on who computed. */
  readonly tolerant: boolean;
}

export interface EvolutionTiming extends TrainingTiming {
  /** A worker not heard for so long is lost. */
  readonly silenceMs: number;
  /** How long the first epoch waits for all trainers, and the first one of a search that goes on. */
  readonly gatherMs: number;
  readonly gatherAgainMs: number;
  /** How long the run may stand still without any trainer. */
  readonly patienceMs: number;
}

export interface EvolutionState {
  /** `over`: finished or stopped; nothing is taken in any more. */
  readonly stage: 'running' | 'writing' | 'over';
  readonly search: SearchState;
  readonly tally: Tally;
  readonly membership: Membership;
  readonly training: Training;
  readonly evaluation: Evaluation;
  readonly objectives: ObjectiveActors;
  readonly stopwatch: Stopwatch;
  readonly startedAt: number;
  /** Trainers were gathered once: later epochs take those that are alive. */
  readonly gathered: boolean;
  /** The last roll call, and when it was sent. */
  readonly rollCall: RollCall | null;
  readonly rollCallAt: number;
  readonly tickedAt: number;
  /** When our own roll call last came back from the bus. */
  readonly echoAt: number;
  /** When a trainer was last alive. */
  readonly trainerAt: number;
}

/** State of a process that begins with what the journal holds. */
export function initialEvolution(search: SearchState, tally: Tally, now: number): EvolutionState {
  return {
    stage: 'running',
    search,
    tally,
    membership: emptyMembership,
    training: idleTraining,
    evaluation: idleEvaluation,
    objectives: noObjectiveActors,
    stopwatch: startedStopwatch(now),
    startedAt: now,
    gathered: false,
    rollCall: null,
    rollCallAt: -Infinity,
    tickedAt: now,
    echoAt: now,
    trainerAt: now,
  };
}
