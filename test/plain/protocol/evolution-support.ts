/** Runs the evolution machine by hand: what went in, what came out, and what trainers would answer. */
import { apply } from '#emars/search/apply.js';
import type { SearchEvent } from '#emars/search/events.js';
import type { SearchRules } from '#emars/search/state.js';
import { initialState } from '#emars/search/state.js';
import type { EvolutionCommand, EvolutionInput } from '#emars/protocol/evolution/commands.js';
import type { EvolutionSetup, EvolutionState } from '#emars/protocol/evolution/evolution-state.js';
import { initialEvolution } from '#emars/protocol/evolution/evolution-state.js';
import { step } from '#emars/protocol/evolution/evolution.js';
import { emptyTally } from '#emars/protocol/evolution/tally.js';
import type { Send } from '#emars/protocol/step.js';
import type { Message, MessageName } from '#emars/wire/messages.js';
import { PROTOCOL } from '#emars/wire/messages.js';
import { RULES } from '../search/support.js';

export const SHA = 'cd'.repeat(32);
export const SLOT_DIGEST = 'ef'.repeat(32);

/** Two steps an epoch of two slots, so that a test can be read. */
export const SHORT: SearchRules = {
  ...RULES,
  warmupEpochs: 0,
  epochs: 2,
  stepsPerEpoch: 2,
  individualsPerStep: 2,
  microBatches: 1,
};

export const SETUP: EvolutionSetup = {
  rules: SHORT,
  expectedTrainers: 2,
  minTrainers: 0,
  doubleCheck: 0,
  tolerant: false,
  objectives: { input: { slices: 8, size: 16 }, onLost: 'wait', silenceMs: 2000 },
  timing: {
    leaseMs: 1000,
    adoptMs: 3000,
    repeatMs: 500,
    mutedMs: 20_000,
    boundaryMs: 60_000,
    silenceMs: 2000,
    gatherMs: 10_000,
    gatherAgainMs: 10_000,
    patienceMs: 30_000,
  },
};

type Incoming = Extract<EvolutionInput, { kind: 'received' }>['name'];

export class Bench {
  now = 1000;
  state: EvolutionState;
  readonly events: SearchEvent[] = [];
  record: readonly SearchEvent[] = [];
  save: readonly EvolutionCommand[] = [];
  send: readonly Send[] = [];

  constructor(
    readonly setup: EvolutionSetup = SETUP,
    journal: readonly SearchEvent[] = [{ type: 'run-started', format: 1, run: 'r', options: SHA }],
  ) {
    let search = initialState();
    for (const event of journal) search = apply(setup.rules, search, event);
    this.events.push(...journal);
    this.state = initialEvolution(search, emptyTally, this.now);
    this.put({ kind: 'started' });
  }

  /** One step; its outputs stand in `record`, `save`, `send`. */
  put(input: EvolutionInput): this {
    const next = step(this.setup, this.state, input, this.now);
    this.state = next.state;
    this.record = next.record;
    this.save = next.save;
    this.send = next.send;
    this.events.push(...next.record);
    return this;
  }

  receive<Name extends Incoming>(name: Name, message: Message<Name>, reply: string | null = null): this {
    return this.put({ kind: 'received', name, message, reply } as EvolutionInput);
  }

  /** Time passes in ticks, each of `alive` beats. */
  wait(ms: number, alive: readonly string[] = []): this {
    for (const end = this.now + ms; this.now < end;) {
      this.now = Math.min(end, this.now + 100);
      for (const id of alive) this.beat(id);
      this.put({ kind: 'roll-call-echoed' });
      this.put({ kind: 'tick', connected: true });
    }
    return this;
  }

  beat(id: string, incarnation = `${id}-1`): this {
    return this.receive('Heartbeat', { id, role: 'trainer', incarnation, fence: this.fence });
  }

  hello(id: string, change: Partial<Message<'Hello'>> = {}): this {
    const hello: Message<'Hello'> = {
      protocol: PROTOCOL,
      role: 'trainer',
      id,
      incarnation: `${id}-1`,
      pid: 1,
      device: 'cpu',
      fingerprint: 'host',
      canary: SHA,
      position: null,
      seen: null,
      ...change,
    };
    return this.receive('Hello', hello, 'inbox');
  }

  ready(id: string, error: string | null = null): this {
    return this.receive('EpochReady', { id, fence: this.fence, epoch: this.search.epoch, error });
  }

  /** `id` holds every slot as leased now. */
  holds(id: string, change: Partial<Message<'SlotsHeld'>> = {}): this {
    const { stage } = this.state.training;
    const slots = stage.name === 'stepping' ? stage.ledger.slots : [];
    const held = slots.map(({ lease: { slot, fence, owner, number } }) => ({
      slot,
      fence,
      owner,
      number,
      digest: SLOT_DIGEST,
      bad: null,
    }));
    const { step: at } = this.search;
    return this.receive('SlotsHeld', {
      id,
      fence: this.fence,
      step: at,
      held,
      checked: [],
      appliedStep: at,
      behind: false,
      stateDigest: null,
      ...change,
    });
  }

  trained(id: string, change: Partial<Message<'EpochTrained'>> = {}): this {
    const { fence, search } = this;
    return this.receive('EpochTrained', {
      id,
      fence,
      epoch: search.epoch,
      sha256: SHA,
      written: true,
      error: null,
      ...change,
    });
  }

  /** All of an epoch's training by two trainers that were welcomed. */
  trainEpoch(): this {
    this.ready('a').ready('b');
    for (let i = 0; i < this.setup.rules.stepsPerEpoch; i++) this.holds('a').holds('b');
    this.trained('a').trained('b');
    return this.put({ kind: 'snapshot-checked', sha256: SHA, problem: null });
  }

  /** Evaluation of an epoch up to its selection; accuracy of individual i is i / 100. */
  evaluateEpoch(): this {
    this.put({ kind: 'snapshot-checked', sha256: SHA, problem: null }).put({ kind: 'queue-emptied' });
    this.finishLocal();
    for (const individual of this.search.evaluees) {
      this.result(individual);
      this.finishLocal();
    }
    return this;
  }

  result(individual: string, change: Partial<Message<'EvaluationResult'>> = {}): this {
    const { epoch, evaluees } = this.search;
    return this.receive(
      'EvaluationResult',
      {
        epoch,
        snapshot: SHA,
        individual,
        objective: 'accuracy',
        worker: 'e',
        value: evaluees.indexOf(individual) / 100,
        confusion: [],
        error: null,
        deliveries: 1,
        ...change,
      },
      'inbox',
    );
  }

  /** Ends every local measurement that was begun in the last step. */
  finishLocal(): this {
    for (const command of this.save)
      if (command.kind === 'measure')
        this.put({ kind: 'measured', key: command.key, outcome: { value: 1, defined: true } });
    return this;
  }

  sent<Name extends MessageName>(name: Name): Message<Name> | undefined {
    return this.send.find((send) => send.name === name)?.message as Message<Name> | undefined;
  }

  recorded(): string[] {
    return this.record.map(({ type }) => type);
  }

  saved(): string[] {
    return this.save.map(({ kind }) => kind);
  }

  get search(): EvolutionState['search'] {
    return this.state.search;
  }

  get fence(): number {
    return this.search.fence;
  }

  get stage(): string {
    return this.state.training.stage.name;
  }
}
