/** One step of the trainer machine while it is being made: what it has come to so far. Never kept. */
import type { Draft } from '../../wire/messages.js';
import type { MachineMessage, Send } from '../step.js';
import type { TrainerCommand } from './commands.js';
import type { TrainerSetup } from './setup.js';

export class TrainerTurn {
  readonly save: TrainerCommand[] = [];
  readonly send: Send[] = [];

  constructor(
    readonly setup: TrainerSetup,
    /** Monotonic milliseconds. */
    readonly now: number,
  ) {}

  /** Sends a message; `to`: the trainer of an addressed one. */
  tell<Name extends MachineMessage>(name: Name, message: Draft<Name>, to: string | null = null): void {
    this.send.push({ name, message, to });
  }
}
