/**
 * A process that measures an objective which joins the running search: the real machine, and a fake
 * measurement. It is removed by a user who looks at the epoch, and asks until he is answered.
 */
import type {
  MeasuringCommand,
  MeasuringInput,
  MeasuringState,
} from '#emars/protocol/objective/measuring.js';
import { initialMeasuring, step } from '#emars/protocol/objective/measuring.js';
import { asGenome } from '#emars/space/genome.js';
import { WireError } from '#emars/wire/messages.js';
import type { Cluster } from './cluster.js';
import { decoded } from './decoded.js';
import { Host } from './host.js';
import type { JoiningPlan } from './plan.js';
import { measuredLocally } from './rules.js';

export const OBJECTIVE_HOST = 'objective-0';
const NAME = 'memory';
const TICK_MS = 200;
const MEASURE_MS = 20;
const ASK_MS = 500;

export class ObjectiveHost extends Host {
  private state: MeasuringState = initialMeasuring(false);
  /** A life of it was welcomed: started again it must not join anew. */
  private wasJoined = false;
  /** The search is without it from now on: it is not started any more. */
  private isOver = false;
  private askedToLeaveAt = -Infinity;

  constructor(
    cluster: Cluster,
    private readonly joining: JoiningPlan,
  ) {
    super(cluster, OBJECTIVE_HOST, 'objective');
  }

  override start(): void {
    if (!this.isOver) super.start();
  }

  protected boot(): void {
    this.state = initialMeasuring(this.wasJoined);
    const { bus, subjects } = this.cluster;
    bus.subscribe(this.process, subjects.measure(NAME), ({ bytes }) => {
      const message = decoded('MeasureRequest', bytes);
      if (message instanceof WireError) return;
      this.take({ kind: 'received', name: 'MeasureRequest', message, reply: null });
    });
    bus.subscribe(this.process, subjects.directive, ({ bytes }) => {
      const message = decoded('Directive', bytes);
      if (!(message instanceof WireError)) this.epochIs(message.epoch);
    });
    this.tick();
  }

  private tick(): void {
    this.take({ kind: 'tick' });
    this.process.after(TICK_MS, () => this.tick());
  }

  private take(input: MeasuringInput): void {
    const setup = {
      name: NAME,
      unit: 'MB',
      direction: 'min' as const,
      needs: this.joining.needs,
      incarnation: `objective-life-${this.process.life}`,
      since: this.joining.since,
      helloMs: 1000,
      busyMs: 60_000,
    };
    const done = step(setup, this.state, input, this.process.now);
    this.state = done.state;
    this.reach('objective', done.state.stage);
    if (done.save.length + done.send.length > 0 && this.diesAt('decided')) return;
    for (const command of done.save) if (this.process.alive) this.run(command);
    if (this.process.alive && done.send.length > 0) this.sendAll(done.send, this.inbox());
  }

  private run(command: MeasuringCommand): void {
    switch (command.kind) {
      case 'welcomed':
        this.wasJoined = true;
        this.cluster.tell(this.id, `is welcome, from epoch ${command.since} on`);
        return;
      case 'measure':
        this.process.after(this.cluster.duration(this.id, MEASURE_MS), () => {
          if (!this.diesAt('done-work')) this.take(this.measured(command));
        });
        return;
      case 'end':
        this.isOver = true;
        this.cluster.tell(this.id, `ends: ${command.reason}`);
        this.process.kill();
    }
  }

  private measured({ round, subject }: Extract<MeasuringCommand, { kind: 'measure' }>): MeasuringInput {
    const { individual, history } = subject;
    const points = history.map(({ epoch, accuracy }) => [epoch, accuracy] as const);
    const genome = asGenome(this.cluster.plan.search.rules.space, individual.genome);
    const name = this.joining.needs === 'genome' ? NAME : `${NAME} ${JSON.stringify(points)}`;
    const { value } = measuredLocally(name, { genome, history: points });
    return { kind: 'measured', round, individual: individual.id, outcome: { value, isUndefined: false } };
  }

  /** Answers to its hellos, in an inbox that lives until the process ends. */
  private inbox(): string {
    const { bus } = this.cluster;
    const inbox = bus.inbox(this.process);
    bus.subscribe(this.process, inbox, ({ bytes }) => {
      const message = decoded('ObjectiveReply', bytes);
      if (message instanceof WireError) return;
      this.take({ kind: 'received', name: 'ObjectiveReply', message, reply: null });
    });
    return inbox;
  }

  /** The user removes it once that epoch is at work; what he is answered, the process learns by itself. */
  private epochIs(epoch: number): void {
    const { leavesIn } = this.joining;
    if (leavesIn === null || epoch < leavesIn || !this.wasJoined) return;
    if (this.process.now - this.askedToLeaveAt < ASK_MS) return;
    this.askedToLeaveAt = this.process.now;
    this.sendAll([{ name: 'ObjectiveLeave', message: { name: NAME }, to: null }]);
  }
}
