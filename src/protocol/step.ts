/**
 * What a step of a protocol machine comes to.
 *
 * A machine is a function `step(setup, state, input, now) → Step`: no clock, no bus, no file. What runs
 * it does, in this order and in one place: write `record` to the journal, start the work in `save`, send
 * `send`. An input is a received message, the end of a command, or a tick; `now` is monotonic milliseconds.
 */
import type { SearchEvent } from '../search/events.js';
import type { Draft, Message, MessageName } from '../wire/messages.js';

/** Messages of machines; the others belong to those who look for runs, to the store of a run, and to shells. */
export type MachineMessage = Exclude<
  MessageName,
  'RunsRequest' | 'RunInfo' | 'SupplyRequest' | 'SupplyReply' | 'DeadLetter'
>;

/** A message on its way out; its subject follows from `name` and `to`. */
export type Send = {
  [Name in MachineMessage]: {
    readonly name: Name;
    readonly message: Draft<Name>;
    /** The worker of an addressed message, the token of the question that this answers, or null. */
    readonly to: string | null;
  };
}[MachineMessage];

/** A decoded message as a machine takes it in. `reply`: the token to answer to, where an answer is wanted. */
export type Received<Name extends MessageName> = {
  [Each in Name]: {
    readonly kind: 'received';
    readonly name: Each;
    readonly message: Message<Each>;
    readonly reply: string | null;
  };
}[Name];

export interface Step<State, Command> {
  readonly state: State;
  /** Work for the shell that runs the machine; each command ends, and most come back as an input. */
  readonly save: readonly Command[];
  readonly send: readonly Send[];
}

/** A step of the machine that owns the journal: `record` is folded into `state` already. */
export interface RecordedStep<State, Command> extends Step<State, Command> {
  readonly record: readonly SearchEvent[];
}
