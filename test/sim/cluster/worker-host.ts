/**
 * What trainers and evaluators have in common in the simulated cluster: the real machines for presence and
 * for taking evaluations, and a fake measurement whose value follows from snapshot and genome.
 */
import type { PresenceInput, PresenceState } from '#emars/protocol/worker/presence.js';
import { initialPresence, step as stepPresence } from '#emars/protocol/worker/presence.js';
import type { TakerCommand, TakerInput, TakerState } from '#emars/protocol/worker/evaluation-taker.js';
import { initialTaker, step as stepTaker } from '#emars/protocol/worker/evaluation-taker.js';
import type { MessageName } from '#emars/wire/messages.js';
import { decode } from '#emars/wire/messages.js';
import { asGenome, genomeId } from '#emars/space/genome.js';
import type { TakenItem } from '../kernel/work-queue.js';
import { Host } from './host.js';
import { measuredOnWeights } from './rules.js';
import { MEASURE_MS, presenceSetup, QUEUE, takerSetup, WORKER_TICK_MS } from './setup.js';

const NAK_MS = 500;

/** What an answer is waited for. */
type Inbox = 'Welcome' | 'Receipt' | 'Release';

export abstract class WorkerHost extends Host {
  private presence: PresenceState = initialPresence;
  private taker: TakerState = initialTaker;
  private item: TakenItem | null = null;
  private wantsWork = false;
  private stopPulling: (() => void) | null = null;
  /** Called once nothing is being evaluated any more. */
  private whenIdle: (() => void) | null = null;

  protected boot(): void {
    this.presence = initialPresence;
    this.taker = initialTaker;
    this.item = null;
    this.wantsWork = false;
    this.stopPulling = null;
    this.whenIdle = null;
    const { bus, subjects } = this.cluster;
    bus.subscribe(this.process, subjects.rollCall, ({ bytes }) => {
      const message = this.read('RollCall', bytes);
      if (message !== null) this.present({ kind: 'received', name: 'RollCall', message, reply: null });
    });
    this.subscribe();
    this.ticks();
  }

  /** Where this worker stands, for its hello. */
  protected abstract position(): { readonly epoch: number; readonly appliedStep: number } | null;
  protected abstract subscribe(): void;
  protected abstract welcomed(fence: number): void;
  protected abstract tick(): void;

  private ticks(): void {
    this.present({ kind: 'tick', position: this.position() });
    if (this.process.alive) this.evaluate({ kind: 'tick' });
    if (this.process.alive) this.tick();
    this.process.after(WORKER_TICK_MS, () => this.ticks());
  }

  // --- presence ---

  private present(input: PresenceInput): void {
    const role = this.role === 'trainer' ? 'trainer' : 'evaluator';
    const setup = presenceSetup(this.id, role, {
      life: this.process.life,
      isForeign: this.cluster.plan.foreign.includes(this.id),
    });
    const done = stepPresence(setup, this.presence, input, this.process.now);
    this.presence = done.state;
    for (const command of done.save) {
      if (command.kind === 'welcomed') this.welcomed(command.fence);
      else if (command.kind === 'refused') this.cluster.refused(this, command.reason);
      else if (command.kind === 'released') this.released();
    }
    if (this.process.alive && done.send.length > 0)
      for (const send of done.send) this.sendAll([send], this.inboxOf(send.name));
  }

  override leave(): void {
    if (!this.process.alive) return;
    this.cluster.tell(this.id, 'is told to end');
    this.present({ kind: 'leave' });
  }

  /** Ends the evaluation under way, then itself. */
  private released(): void {
    this.pauseEvaluations(() => this.cluster.left(this));
  }

  /** Where the answer to what presence says is to go; null where it asks nothing. */
  private inboxOf(question: MessageName): string | null {
    if (question === 'Hello') return this.inboxFor('Welcome');
    return question === 'Leave' ? this.inboxFor('Release') : null;
  }

  /** A new inbox in the place of the last one for this answer. */
  private readonly inboxes = new Map<Inbox, () => void>();

  private inboxFor(inboxOf: Inbox): string {
    const name = inboxOf === 'Release' ? 'Receipt' : inboxOf;
    const { bus } = this.cluster;
    const inbox = bus.inbox(this.process);
    this.inboxes.get(inboxOf)?.();
    const close = bus.subscribe(this.process, inbox, ({ bytes }) => {
      if (this.inboxes.get(inboxOf) !== close) return;
      const message = this.read(name, bytes);
      if (message === null) return;
      if ('fence' in message) this.present({ kind: 'received', name: 'Welcome', message, reply: null });
      else if (inboxOf === 'Release')
        this.present({ kind: 'received', name: 'Receipt', message, reply: null });
      else this.evaluate({ kind: 'received', name: 'Receipt', message, reply: null });
    });
    this.inboxes.set(inboxOf, close);
    return inbox;
  }

  // --- evaluations ---

  protected resumeEvaluations(): void {
    this.wantsWork = true;
    this.whenIdle = null;
    this.pull();
  }

  protected pauseEvaluations(whenIdle: () => void): void {
    this.wantsWork = false;
    this.stopPulling?.();
    this.stopPulling = null;
    if (this.item === null) this.process.after(1, whenIdle);
    else this.whenIdle = whenIdle;
  }

  private pull(): void {
    if (!this.wantsWork || this.item !== null || this.stopPulling !== null) return;
    this.stopPulling = this.cluster.queue.pull(this.process, (item) => this.takeItem(item));
  }

  private takeItem(item: TakenItem): void {
    this.stopPulling = null;
    // A pause came while it was on its way.
    if (!this.wantsWork || this.item !== null) {
      this.cluster.queue.nak(item, 0);
      return;
    }
    this.item = item;
    this.sayWorking(item);
    const request = decode('EvaluationRequest', item.bytes);
    this.evaluate({ kind: 'taken', request, deliveries: item.deliveries });
  }

  /** While it is at it, the queue gives the item to no other worker. */
  private sayWorking(item: TakenItem): void {
    this.process.after(QUEUE.ackWaitMs / 3, () => {
      if (this.item !== item) return;
      if (this.cluster.reachable(this.process)) this.cluster.queue.working(item);
      this.sayWorking(item);
    });
  }

  private evaluate(input: TakerInput): void {
    const done = stepTaker(
      takerSetup(this.id, this.cluster.plan.maxDeliver),
      this.taker,
      input,
      this.process.now,
    );
    this.taker = done.state;
    this.reach('taker', done.state.stage);
    for (const command of done.save) this.workOn(command);
    if (done.send.length > 0) this.sendAll(done.send, this.inboxFor('Receipt'));
  }

  private workOn(command: TakerCommand): void {
    switch (command.kind) {
      case 'measure':
        this.cluster.tell(
          this.id,
          `measures ${command.key.objective} of ${this.shortId(command.key.genome)}`,
        );
        this.process.after(this.cluster.duration(this.id, MEASURE_MS), () => {
          if (!this.diesAt('done-work')) this.evaluate(this.measured(command.key));
        });
        return;
      case 'return-item':
        this.returnItem(command.verdict, command.reason);
    }
  }

  private shortId(genome: readonly string[]): string {
    return genomeId(asGenome(this.cluster.plan.search.rules.space, genome)).slice(0, 4);
  }

  private measured({
    snapshot,
    genome,
    objective,
  }: Extract<TakerCommand, { kind: 'measure' }>['key']): TakerInput {
    const { disk, plan } = this.cluster;
    const operations = asGenome(plan.search.rules.space, genome);
    const id = genomeId(operations);
    if (plan.search.isUnmeasurable(id, objective))
      return { kind: 'measured', failure: `${objective} cannot be measured` };
    if (disk.read(snapshot) === null)
      return { kind: 'measured', failure: `the snapshot ${snapshot.slice(0, 8)} cannot be read` };
    return { kind: 'measured', value: measuredOnWeights(snapshot, operations, objective), confusion: [] };
  }

  private returnItem(verdict: 'ack' | 'nak', reason: string | null): void {
    const item = this.item!;
    this.item = null;
    if (reason !== null) this.cluster.tell(this.id, `gives the evaluation back: ${reason}`);
    this.inboxes.delete('Receipt');
    if (this.cluster.reachable(this.process)) {
      if (verdict === 'ack') this.cluster.queue.ack(item);
      else this.cluster.queue.nak(item, NAK_MS);
    }
    const { whenIdle } = this;
    this.whenIdle = null;
    if (whenIdle !== null) this.process.after(1, whenIdle);
    this.pull();
  }
}
