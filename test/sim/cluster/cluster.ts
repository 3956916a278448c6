/**
 * A cluster in one process and in virtual time: evolution, trainers and evaluators as real machines, and
 * around them a bus, a work queue, a disk and a supervisor in memory. Everything that happens follows from
 * the plan and its seed.
 */
import { TAG_BYTES } from '#emars/gradient/tag.js';
import type { EvolutionSetup } from '#emars/protocol/evolution/evolution-state.js';
import type { ExchangeSetup } from '#emars/protocol/trainer/setup.js';
import type { Send } from '#emars/protocol/step.js';
import type { Generator } from '#emars/random/generator.js';
import { generator } from '#emars/random/generator.js';
import type { SearchEvent } from '#emars/search/events.js';
import type { SearchState } from '#emars/search/state.js';
import type { Message } from '#emars/wire/messages.js';
import { subjectsOf } from '#emars/wire/subjects.js';
import { foldPrefixes, Observer, Violation } from '../check/observer.js';
import type { SearchResult } from '../check/result.js';
import { standing } from '../check/standing.js';
import { resultOf } from '../check/result.js';
import { failBroker } from '../faults/broker.js';
import { Controls } from '../faults/controls.js';
import { FaultCount } from '../faults/count.js';
import { endOf, type Fault } from '../faults/fault.js';
import { SeededWeather, tellOfWeather } from '../faults/weather.js';
import type { Letter } from '../kernel/bus.js';
import { SimBus } from '../kernel/bus.js';
import { SimDisk } from '../kernel/disk.js';
import type { SimProcess } from '../kernel/process.js';
import { Timeline } from '../kernel/timeline.js';
import { SimWorkQueue } from '../kernel/work-queue.js';
import { inWords } from '../transcript/words.js';
import { Attendance } from './attendance.js';
import { EvaluatorHost } from './evaluator-host.js';
import { EvolutionHost } from './evolution-host.js';
import { FakeNet } from './fake-replica.js';
import { forge } from '../faults/forged.js';
import { pause } from '../faults/pause.js';
import type { Host } from './host.js';
import type { ClusterOptions, Line, Plan } from './plan.js';
import { mayBeRefused } from './plan.js';
import { evolutionSetup, QUEUE, RUN, SLOT_MS } from './setup.js';
import { ObjectiveHost } from './objective-host.js';
import { TrainerHost } from './trainer-host.js';

/** Quick deaths in a row after which a process is given up, and the waits before each start. */
const QUICK_DEATHS = 5;
const WAITS_MS: readonly number[] = [200, 1000, 2000, 4000, 8000];
/** Virtual time after the last fault within which a search must be done. */
const PROGRESS_MS = 150_000;
/** Events of the simulation after which it must be going round in circles. */
const EVENT_LIMIT = 100_000;

export class Cluster {
  readonly timeline = new Timeline();
  readonly bus: SimBus;
  readonly queue: SimWorkQueue;
  readonly disk = new SimDisk();
  readonly observer: Observer;
  readonly controls: Controls;
  readonly subjects = subjectsOf(RUN);
  /** Undefined: what faults are simulated with. */
  readonly exchange: ExchangeSetup | undefined;
  /** Mean virtual milliseconds that a slot takes. */
  readonly slotMs: number;
  readonly net: FakeNet;
  readonly setup: { evolution: EvolutionSetup };
  readonly faults = new FaultCount();
  readonly stages = new FaultCount();
  /** What happened, in words; null where it is not read. */
  readonly lines: Line[] | null;
  /** Slots whose vector was made bad once. */
  private readonly spoiltSlots = new Set<string>();
  private readonly evolution: EvolutionHost;
  private readonly hosts: Host[];
  private readonly random: Generator;
  private readonly weather: SeededWeather;
  /** How many times slower a worker is. */
  private readonly slowness = new Map<string, number>();
  /** Trainers that the run was started or resumed with. */
  private trainers: number;
  private readonly attendance = new Attendance(this.timeline, () => !this.powerless);
  private powerless = false;
  private draining: Extract<Fault, { kind: 'drain' }> | null = null;
  private isDone = false;
  private hasStopped = false;

  constructor(
    readonly plan: Plan,
    { transcript = false, scale = null }: ClusterOptions = {},
  ) {
    const { seed, search, trainers, evaluators } = plan;
    this.lines = transcript ? [] : null;
    this.trainers = trainers;
    this.random = generator(seed, 'simulation');
    this.controls = new Controls(plan.control);
    this.observer = new Observer(plan.control !== 'fencing');
    this.weather = new SeededWeather(plan.faults, this.timeline, generator(seed, 'weather'), this.faults);
    const network = scale?.network(this.timeline) ?? this.weather;
    this.bus = new SimBus(this.timeline, network, (letter) => this.damaged(letter));
    this.queue = new SimWorkQueue(this.timeline, QUEUE.ackWaitMs, (process) => this.reachable(process));
    const { blocks, operations } = search.rules.space;
    this.net = new FakeNet(
      blocks.reduce((sum, count) => sum + count, 0),
      operations,
      scale?.stemFloats,
    );
    this.setup = { evolution: scale?.evolution ?? this.evolutionFor(trainers) };
    this.exchange = scale?.exchange;
    this.slotMs = scale?.slotMs ?? SLOT_MS;
    this.evolution = new EvolutionHost(this, 'evolution', 'evolution');
    const named = (role: string, count: number): string[] =>
      Array.from({ length: count }, (_, i) => `${role}-${i}`);
    this.hosts = [
      this.evolution,
      ...named('trainer', trainers + plan.late).map((id) => new TrainerHost(this, id, 'trainer')),
      ...named('evaluator', evaluators).map((id) => new EvaluatorHost(this, id, 'evaluator')),
      ...(plan.objective === null ? [] : [new ObjectiveHost(this, plan.objective)]),
    ];
  }

  /** Runs until the search is done; null when it stopped, as planned. Errors: Violation, or what a machine threw. */
  run(): SearchResult | null {
    for (const host of this.cast()) this.timeline.after(200 * this.random.uniform(), () => host.start());
    for (const fault of this.plan.faults) this.timeline.after(fault.at, () => this.inject(fault));
    const quietAt = Math.max(0, ...this.plan.faults.map(endOf));
    while (!this.isDone) {
      if (!this.timeline.advance())
        throw new Violation('nothing is left to happen, and the search is not done');
      if (this.timeline.now > quietAt + PROGRESS_MS && !this.plan.mayStop)
        throw new Violation(
          `no end ${PROGRESS_MS / 1000} s after the last fault; ${standing(this.evolution.search)}`,
        );
      if (this.timeline.ran > EVENT_LIMIT)
        throw new Violation(`no end after ${EVENT_LIMIT} events; ${standing(this.evolution.search)}`);
    }
    if (this.hasStopped) return null;
    this.observer.finish();
    return resultOf(foldPrefixes(this.plan.search.rules, this.disk.records()));
  }

  /** Runs until so many steps are committed. */
  runUntil(step: number): void {
    for (const host of this.cast()) this.timeline.after(0, () => host.start());
    for (const fault of this.plan.faults) this.timeline.after(fault.at, () => this.inject(fault));
    while ((this.evolution.search?.step ?? 0) < step && this.timeline.advance());
  }

  /** The search as evolution has it; null before it has begun. */
  get search(): SearchState | null {
    return this.evolution.search;
  }

  // --- what hosts tell ---

  tell(who: string, text: string): void {
    this.lines?.push({ at: this.timeline.now, who, text });
  }

  count(fault: string): void {
    this.faults.add(fault);
  }

  stage(name: string): void {
    this.stages.add(name);
  }

  /** A message leaves a machine. */
  told(from: string, send: Send): void {
    if (send.name === 'Welcome' && send.message.accepted === true)
      this.tell(from, `welcomes ${send.to!.split('.')[1] ?? ''} under fence ${send.message.fence ?? 0}`);
    if (send.name === 'Directive' && send.message.step != null)
      this.observer.leased(send.message.step.step, send.message.step.leases);
  }

  /** Events are on disk. */
  recorded(events: readonly SearchEvent[], state: SearchState): void {
    this.observer.synced(events, state);
    for (const event of events)
      if (event.type !== 'evaluated' || event.worker !== 'evolution')
        this.tell('evolution', `records: ${inWords(event)}`);
  }

  /** A trainer begins to apply a commit. */
  applied(
    trainer: string,
    { step }: { readonly step: number },
    directive: Message<'Directive'> | null,
  ): void {
    const commit = directive?.step?.commit ?? directive?.end?.commit;
    if (commit?.step !== step)
      throw new Violation(`${trainer} applies step ${step}, which it was not told to`);
    this.observer.applied(trainer, step, directive!.fence, commit.slots);
  }

  /** A vector of this slot is to be bad: once only, as twice is a verdict on the individual. */
  spoilsSlot(step: number, slot: number): boolean {
    const name = `${step}/${slot}`;
    if (this.spoiltSlots.has(name)) return false;
    this.spoiltSlots.add(name);
    this.count('bad gradient');
    return true;
  }

  /** How long work takes this worker, around this mean. */
  duration(worker: string, meanMs: number): number {
    return meanMs * (0.5 + this.random.uniform()) * (this.slowness.get(worker) ?? 1);
  }

  /** The disk is full: the run ends, and is resumed when there is space. */
  cannotWrite(): void {
    this.tell('evolution', 'cannot write its journal: the disk is full');
    const full = this.plan.faults.find(
      (fault) => fault.kind === 'disk-full' && endOf(fault) > this.timeline.now,
    );
    this.endAll('disk full', full === undefined ? 0 : endOf(full) - this.timeline.now + 100);
  }

  /** Evolution cannot go on. Errors: Violation, unless the plan expects it. */
  stopped(reason: string): void {
    this.tell('evolution', `stops: ${reason}`);
    if (!this.plan.mayStop) throw new Violation(`the search stopped: ${reason}`);
    this.isDone = true;
    this.hasStopped = true;
  }

  /** A process that the run will not have: it is not started again. */
  refused(host: Host, reason: string): void {
    if (!mayBeRefused(this.plan, host.id)) throw new Violation(reason);
    this.tell(host.id, reason);
    host.process.kill();
  }

  /** A worker has left, as it was told. */
  left(host: Host): void {
    this.count(`${host.role} leaves`);
    this.tell(host.id, 'ends');
    host.process.kill();
    this.attendance.left(host);
  }

  /** The run has stopped as it was told to; it is resumed. */
  drained(): void {
    this.endAll('drained', this.draining!.ms);
  }

  finished(): void {
    this.tell('evolution', 'the search is done');
    this.isDone = true;
  }

  /** The supervisor starts again what ended; what dies again and again it gives up. */
  ended(host: Host): void {
    this.attendance.died(host);
    if (this.powerless) return;
    const deaths = host.diesAfterEachStart ? host.quickDeaths++ : 0;
    if (deaths > QUICK_DEATHS) {
      this.tell('supervisor', `gives ${host.id} up after ${QUICK_DEATHS} quick deaths in a row`);
      return;
    }
    const wait = host.diesAfterEachStart ? WAITS_MS[Math.min(deaths, WAITS_MS.length - 1)]! : null;
    this.timeline.after(wait ?? 200 + 1300 * this.random.uniform(), () => {
      if (this.powerless || host.process.alive) return;
      this.tell('supervisor', `starts ${host.id} again`);
      host.start();
    });
  }

  /** True when this process and the broker can talk. */
  reachable(process: SimProcess): boolean {
    return (
      this.bus.up &&
      process.alive &&
      !process.stopped &&
      !this.weather.cutOff(process.id, 'in') &&
      !this.weather.cutOff(process.id, 'out')
    );
  }

  // --- faults ---

  private inject(fault: Fault): void {
    switch (fault.kind) {
      case 'kill':
        this.hostOf(fault.actor).killAt(fault.point, fault.tail);
        return;
      case 'pause':
        pause(this, this.hostOf(fault.actor), fault.ms);
        return;
      case 'join':
        this.count('late worker');
        this.tell(fault.actor, 'comes late');
        this.attendance.join(this.hostOf(fault.actor));
        return;
      case 'leave':
        this.attendance.leave(this.hostOf(fault.actor), fault.ms);
        return;
      case 'broker':
        failBroker(this, fault.ms, fault.wiped);
        return;
      case 'power-cut':
        this.trainers = fault.trainers ?? this.trainers;
        this.setup.evolution = this.evolutionFor(this.trainers);
        this.evolution.tail = fault.tail;
        this.endAll(fault.cause, fault.ms);
        return;
      case 'drain':
        if (!this.powerless && this.draining === null) this.drain(fault);
        return;
      case 'disk-full':
        this.tell('disk', 'is full');
        this.disk.isFull = true;
        this.timeline.after(fault.ms, () => {
          this.disk.isFull = false;
          this.tell('disk', 'has space again');
        });
        return;
      case 'slow':
        this.tell(fault.actor, `becomes ${Math.round(fault.factor)} times slower`);
        this.count('slow worker');
        this.slowness.set(fault.actor, fault.factor);
        this.timeline.after(fault.ms, () => this.slowness.delete(fault.actor));
        return;
      case 'mute':
        this.tell(fault.actor, 'falls mute: it beats, and says nothing else');
        this.count('mute worker');
        this.hostOf(fault.actor).isMute = true;
        this.timeline.after(fault.ms, () => (this.hostOf(fault.actor).isMute = false));
        return;
      case 'crash-loop':
        this.count('crash loop');
        this.hostOf(fault.actor).diesAfterEachStart = true;
        this.hostOf(fault.actor).kill('dies');
        return;
      case 'journal-middle':
        this.count('journal damaged in the middle');
        this.tell('disk', 'a bit in the middle of the journal turns');
        this.disk.flip(this.disk.journalBytes >> 1);
        return;
      case 'snapshot':
        this.count('snapshot damaged');
        this.tell('disk', 'a bit of the newest snapshot turns');
        this.disk.damageSnapshot(this.disk.snapshotNames().at(-1)!);
        return;
      case 'bad-gradient':
      case 'lie':
      case 'weights':
        this.hostOf(fault.actor).spoil(fault.kind);
        return;
      case 'exit':
        this.count('early end');
        this.hostOf(fault.actor).kill('ends with exit code 0');
        return;
      case 'hang':
        this.count('hanging worker');
        this.tell(fault.actor, 'hangs: what it begins next does not end');
        this.hostOf(fault.actor).hangs = true;
        return;
      case 'forged-plan':
      case 'garbage':
        forge(fault.kind, this);
        return;
      default:
        tellOfWeather(fault, this);
    }
  }

  private drain(fault: Extract<Fault, { kind: 'drain' }>): void {
    this.tell('user', 'presses Ctrl-C');
    this.count('drain');
    this.draining = fault;
    this.trainers = fault.trainers ?? this.trainers;
    this.setup.evolution = this.evolutionFor(this.trainers);
    this.evolution.drain();
  }

  /** Every process ends; after `ms` the run is resumed. */
  private endAll(cause: string, ms: number): void {
    if (this.powerless) return;
    this.count(cause);
    this.tell('everything', `ends: ${cause}`);
    this.powerless = true;
    this.draining = null;
    this.evolution.forgetDrain();
    for (const host of this.hosts) host.kill('is dead');
    this.bus.fail();
    this.timeline.after(ms, () => {
      this.powerless = false;
      this.tell('user', `resumes the run with ${this.trainers} trainers`);
      if (!this.bus.up) this.bus.recover();
      for (const host of this.cast()) host.start();
    });
  }

  private evolutionFor(trainers: number): EvolutionSetup {
    const doubleCheck = this.controls.checkShare(this.plan.doubleCheck);
    return evolutionSetup({ ...this.plan, doubleCheck }, trainers);
  }

  /** Hosts that take part: evolution, the trainers asked for, evaluators. */
  private cast(): Host[] {
    return this.hosts.filter((host) => this.attendance.takesPart(host, this.trainers));
  }

  /** Damage that the transport would not find: a bit of a chunk's payload, the last field before the checksum. */
  private damaged(letter: Letter): Uint8Array | null {
    if (letter.subject !== this.subjects.gradient) {
      this.count('damaged message, lost');
      return null;
    }
    this.count('damaged chunk');
    const bytes = Uint8Array.from(letter.bytes);
    bytes[bytes.length - TAG_BYTES - 1 - this.random.integer(8)]! ^= 1 << this.random.integer(8);
    return bytes;
  }

  private hostOf(id: string): Host {
    return this.hosts.find((host) => host.id === id)!;
  }
}
