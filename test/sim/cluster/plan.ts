/** What a simulation is given: the plan of its faults, and what to keep or to measure of it. */
import type { EvolutionSetup } from '#emars/protocol/evolution/evolution-state.js';
import type { ExchangeSetup } from '#emars/protocol/trainer/setup.js';
import type { ControlName } from '../faults/controls.js';
import type { Fault } from '../faults/fault.js';
import type { Weather } from '../kernel/bus.js';
import type { Timeline } from '../kernel/timeline.js';
import type { SearchCase } from './rules.js';

/** What is simulated; equal plans give equal runs. */
export interface Plan {
  /** Of the delays, and of what a fault leaves to chance. */
  readonly seed: number;
  readonly search: SearchCase;
  readonly trainers: number;
  readonly evaluators: number;
  /** Trainers that are not there at the start: "trainer-" with the numbers that follow. */
  readonly late: number;
  /** An objective that joins; null: none does. */
  readonly objective: JoiningPlan | null;
  readonly faults: readonly Fault[];
  readonly control: ControlName | null;
  /** Workers of another arithmetic than the others: the run refuses them. */
  readonly foreign: readonly string[];
  /** Deliveries after which an evaluation that fails has failed. */
  readonly maxDeliver: number;
  /** Virtual milliseconds after which a trainer's work hangs: its process ends. */
  readonly hangMs: number;
  /** Share of the slots that two trainers compute. */
  readonly doubleCheck: number;
  /** Ends without a result are part of the plan. */
  readonly mayStop: boolean;
}

/** Workers of other arithmetic, and trainers whose own goes wrong: the run sends them away. */
export function mayBeRefused({ foreign, faults }: Plan, id: string): boolean {
  return (
    foreign.includes(id) ||
    faults.some((fault) => (fault.kind === 'lie' || fault.kind === 'weights') && fault.actor === id)
  );
}

export interface JoiningPlan {
  /** The first epoch it is to take part in. */
  readonly since: number;
  /** The epoch in which it is removed; null: never. */
  readonly leavesIn: number | null;
  readonly needs: 'genome' | 'history';
  /** What the run does when its process is lost. Default: wait. */
  readonly onLost?: 'wait' | 'drop';
}

export interface ClusterOptions {
  /** Keep what happens, in words. Default false. */
  readonly transcript?: boolean;
  /** Costs in the place of faults, to see where it stops scaling. */
  readonly scale?: Scale | null;
}

export interface Scale {
  readonly network: (timeline: Timeline) => Weather;
  readonly evolution: EvolutionSetup;
  /** Mean virtual milliseconds of a slot. */
  readonly slotMs: number;
  readonly stemFloats: number;
  readonly exchange: ExchangeSetup;
}

export interface Line {
  readonly at: number;
  readonly who: string;
  readonly text: string;
}
