/**
 * One step of the evolution machine while it is being made: what it has come to so far. It lives only
 * within a call of `step` and is never kept; the machines below the actor write into it in order.
 */
import { apply } from '../../search/apply.js';
import type { SearchEvent } from '../../search/events.js';
import type { SearchRules, SearchState } from '../../search/state.js';
import type { Draft } from '../../wire/messages.js';
import type { MachineMessage, Send } from '../step.js';
import type { EvolutionCommand } from './commands.js';
import type { Tally } from './tally.js';
import { tallied } from './tally.js';

export class Turn {
  readonly record: SearchEvent[] = [];
  readonly save: EvolutionCommand[] = [];
  readonly send: Send[] = [];

  readonly rules: SearchRules;
  /** Share of the slots that are computed twice. */
  readonly checkShare: number;

  constructor(
    { rules, checkShare }: { readonly rules: SearchRules; readonly checkShare: number },
    /** Monotonic milliseconds. */
    readonly now: number,
    public search: SearchState,
    public tally: Tally,
  ) {
    this.rules = rules;
    this.checkShare = checkShare;
  }

  /** Lets an event count. Folded first: what does not fit the search throws before anything is written. */
  commit(event: SearchEvent): void {
    this.search = apply(this.rules, this.search, event);
    this.tally = tallied(this.tally, event);
    this.record.push(event);
  }

  /** Sends a message; `to` where its subject needs an address or it answers a question. */
  tell<Name extends MachineMessage>(name: Name, message: Draft<Name>, to: string | null = null): void {
    this.send.push({ name, message, to });
  }

  /** A line for the log of the process. */
  say(line: string): void {
    this.save.push({ kind: 'say', line });
  }

  /** Ends the search: going on would only repeat what failed. `damaged`: its folder cannot be read. */
  stop(reason: string, damaged = false): void {
    this.save.push({ kind: 'stop', reason, damaged });
  }

  get stopped(): boolean {
    return this.save.some(({ kind }) => kind === 'stop');
  }
}
