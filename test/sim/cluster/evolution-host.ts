/** The evolution actor in the simulated cluster: the real machine, journal format and events on a disk in memory. */
import type { EvolutionCommand, EvolutionInput } from '#emars/protocol/evolution/commands.js';
import type { EvolutionSetup, EvolutionState } from '#emars/protocol/evolution/evolution-state.js';
import { initialEvolution } from '#emars/protocol/evolution/evolution-state.js';
import { step } from '#emars/protocol/evolution/evolution.js';
import { emptyTally, tallied } from '#emars/protocol/evolution/tally.js';
import { apply } from '#emars/search/apply.js';
import type { SearchEvent } from '#emars/search/events.js';
import { decodeEvent, encodeEvent } from '#emars/search/events.js';
import type { SearchState } from '#emars/search/state.js';
import { initialState } from '#emars/search/state.js';
import { JournalError } from '#emars/runtime/storage/journal-format.js';
import { encode } from '#emars/wire/messages.js';
import { spoilTail } from '../faults/tail.js';
import type { SimDisk } from '../kernel/disk.js';
import type { Letter } from '../kernel/bus.js';
import { Host } from './host.js';
import { measuredLocally } from './rules.js';
import { OPTIONS_DIGEST, RUN } from './setup.js';

const TICK_MS = 200;
const SYNC_MS = 2;
const MEASURE_MS = 3;
const READ_MS = 15;
const QUEUE_MS = 3;
const QUEUE_DEADLINE_MS = 2000;

type Step = ReturnType<typeof step>;
type FromWorker = Extract<EvolutionInput, { kind: 'received' }>['name'];

export class EvolutionHost extends Host {
  private state: EvolutionState | null = null;
  /** A step is on its way to the disk; what comes meanwhile waits. */
  private syncing = false;
  private readonly waiting: EvolutionInput[] = [];
  private isToDrain = false;

  get search(): SearchState | null {
    return this.state?.search ?? null;
  }

  override kill(why: string): void {
    if (!this.process.alive) return;
    spoilTail(this.tail, this.cluster);
    this.tail = { kind: 'kept' };
    super.kill(why);
  }

  /** It is told to stop after the step at work: now, or as it starts. */
  drain(): void {
    this.isToDrain = true;
    if (this.state !== null) this.process.after(0, () => this.take({ kind: 'drain' }));
  }

  /** The run is resumed. */
  forgetDrain(): void {
    this.isToDrain = false;
  }

  protected boot(): void {
    const { cluster } = this;
    const { rules } = cluster.setup.evolution;
    this.syncing = false;
    this.waiting.length = 0;
    const opened = this.open();
    if (opened === null) return;
    const { records, tornBytes } = opened;
    if (tornBytes > 0) cluster.tell(this.id, `cuts ${tornBytes} torn bytes off its journal`);
    let search = initialState();
    let tally = emptyTally;
    for (const record of records) {
      const event = decodeEvent(record);
      search = apply(rules, search, event);
      tally = tallied(tally, event);
      cluster.observer.synced([event], search);
    }
    if (records.length === 0) search = this.begin(search);
    cluster.tell(
      this.id,
      records.length === 0 ? 'begins a search' : `starts, with ${records.length} records in its journal`,
    );
    this.state = initialEvolution(search, tally, this.process.now);
    this.subscribe();
    this.take({ kind: 'started' });
    if (this.isToDrain) this.take({ kind: 'drain' });
    this.tick();
  }

  /** Null where the journal is damaged: there is no going on from it. */
  private open(): ReturnType<SimDisk['open']> | null {
    try {
      return this.cluster.disk.open();
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      this.cluster.stopped(error.message);
      return null;
    }
  }

  private begin(search: SearchState): SearchState {
    const event: SearchEvent = { type: 'run-started', format: 1, run: RUN, options: OPTIONS_DIGEST };
    this.cluster.disk.append([encodeEvent(event)]);
    this.cluster.disk.sync();
    return apply(this.cluster.setup.evolution.rules, search, event);
  }

  private subscribe(): void {
    const { bus, subjects } = this.cluster;
    const on = (subject: string, name: FromWorker): void => {
      bus.subscribe(this.process, subject, (letter) => this.hear(name, letter));
    };
    on(subjects.hello, 'Hello');
    on(subjects.heartbeat, 'Heartbeat');
    on(subjects.leave, 'Leave');
    on(subjects.ready, 'EpochReady');
    on(subjects.slots, 'SlotsHeld');
    on(subjects.trained, 'EpochTrained');
    on(subjects.result, 'EvaluationResult');
    on(subjects.objective, 'ObjectiveHello');
    on(subjects.objectiveLeave, 'ObjectiveLeave');
    on(subjects.measured, 'MeasureResult');
    bus.subscribe(this.process, subjects.rollCall, () => this.take({ kind: 'roll-call-echoed' }));
    bus.onReconnect(this.process, () => this.reconnected());
  }

  private reconnected(): void {
    this.take({ kind: 'reconnected' });
    this.cluster.bus.onReconnect(this.process, () => this.reconnected());
  }

  private hear(name: FromWorker, letter: Letter): void {
    const message = this.read(name, letter.bytes);
    if (message === null) return;
    this.take({ kind: 'received', name, message, reply: letter.reply } as EvolutionInput);
  }

  private tick(): void {
    this.take({ kind: 'tick', connected: this.cluster.bus.up });
    this.process.after(TICK_MS, () => this.tick());
  }

  private take(input: EvolutionInput): void {
    if (this.syncing) {
      this.waiting.push(input);
      return;
    }
    const setup: EvolutionSetup = this.cluster.setup.evolution;
    const { controls } = this.cluster;
    const state = controls.evolutionState(this.state!, input);
    const done = step(setup, state, controls.evolutionInput(input, state), this.process.now);
    this.state = done.state;
    this.reach('search', done.state.search.phase);
    this.reach('training', done.state.training.stage.name);
    this.reach('evaluation', done.state.evaluation.stage.name);
    if (done.record.length > 0) this.record(done);
    else this.act(done);
  }

  /** Journal first: nothing is started or sent before the disk has it. */
  private record(done: Step): void {
    const { cluster } = this;
    cluster.observer.decided(done.record, done.state.search);
    if (!cluster.controls.journalBeforeAct && !this.act(done)) return;
    if (cluster.disk.isFull) {
      cluster.cannotWrite();
      return;
    }
    cluster.disk.append(done.record.map(encodeEvent));
    if (this.diesAt('recorded')) return;
    this.syncing = true;
    this.process.after(SYNC_MS, () => {
      this.syncing = false;
      cluster.disk.sync();
      cluster.recorded(done.record, done.state.search);
      if (cluster.controls.journalBeforeAct && !this.act(done)) return;
      this.takeWaiting();
    });
  }

  /** What came during the sync; the next record makes the rest wait again. */
  private takeWaiting(): void {
    while (this.waiting.length > 0 && !this.syncing) {
      const input = this.waiting.shift()!;
      if (this.process.alive) this.take(input);
    }
  }

  /** False when the process died over it. */
  private act({ save, send }: Step): boolean {
    if (save.length + send.length > 0 && this.diesAt('decided')) return false;
    for (const command of save) this.run(command);
    return this.process.alive && this.sendAll(send);
  }

  private run(command: EvolutionCommand): void {
    const { cluster, process } = this;
    const then = (ms: number, input: () => EvolutionInput): void => {
      process.after(ms, () => this.take(input()));
    };
    switch (command.kind) {
      case 'say':
        cluster.tell(this.id, command.line);
        return;
      case 'check-snapshot': {
        const { sha256 } = command;
        then(READ_MS, () => ({
          kind: 'snapshot-checked',
          sha256,
          problem: cluster.disk.read(sha256) === null ? 'it is missing or damaged' : null,
        }));
        return;
      }
      case 'keep-snapshots':
        cluster.disk.keepOnly(command.sha256s);
        return;
      case 'empty-queue':
        this.withQueue(
          () => cluster.queue.purge(),
          () => ({ kind: 'queue-emptied' }),
        );
        return;
      case 'enqueue':
        this.withQueue(
          () => {
            for (const { id, request } of command.requests)
              cluster.queue.enqueue(id, encode('EvaluationRequest', request));
          },
          () => ({ kind: 'enqueued' }),
        );
        return;
      case 'measure':
        then(MEASURE_MS, () => ({
          kind: 'measured',
          key: command.key,
          outcome: measuredLocally(command.key.objective, command.subject),
        }));
        return;
      case 'write-results':
        then(READ_MS, () => ({ kind: 'results-written', epoch: command.epoch }));
        return;
      case 'finish':
        if (command.end === 'done') cluster.finished();
        else cluster.drained();
        return;
      case 'stop':
        cluster.stopped(command.reason);
    }
  }

  /** A queue that cannot be reached fails at its deadline. */
  private withQueue(work: () => void, done: () => EvolutionInput): void {
    const { cluster, process } = this;
    process.after(QUEUE_MS, () => {
      if (cluster.reachable(process)) {
        work();
        this.take(done());
      } else {
        const failed: EvolutionInput = { kind: 'queue-failed', reason: 'no answer from the broker' };
        process.after(QUEUE_DEADLINE_MS, () => this.take(failed));
      }
    });
  }
}
