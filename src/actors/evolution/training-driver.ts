/**
 * The evolution actor's side of training one epoch: plan → steps → end, over the trainers that take
 * part. It decides from what trainers report; the journal decides what counts. The current directive
 * is repeated until the epoch moves on, so that a lost message costs time only.
 *
 *   preparing ──all ready──▶ stepping ──last step committed──▶ ending ──all digests equal──▶ done
 *   adopting ──a trainer stands at the journal's step──▶ stepping     (after a restart of this actor)
 *   any ──no trainer left, or replicas disagree──▶ epoch rolled back
 */
import { monotonicMs } from '../../runtime/process/monotonic.js';
import type { SearchEvent } from '../../search/events.js';
import { slotsPerStep } from '../../search/plan.js';
import { StepLedger } from '../../search/step-ledger.js';
import type { SearchRules, SearchState } from '../../search/state.js';
import type { Draft, Message } from '../../wire/messages.js';

export interface TrainingTiming {
  /** Shortest lease of a slot. */
  readonly leaseMs: number;
  /** How long a restarted actor waits for a trainer that stands where the journal ends. */
  readonly adoptMs: number;
  readonly repeatMs: number;
}

/** What the driver needs from the actor it belongs to. */
export interface TrainingHost {
  state(): SearchState;
  record(event: SearchEvent): Promise<void>;
  send(directive: Draft<'Directive'>): void;
  /** Numbers for attempts, never the same one twice under a fence. */
  nextNumber(): number;
  log(line: string): void;
  /** Ends the search: going on would only repeat what failed. */
  stop(reason: string, damaged: boolean): never;
}

/** Rollbacks of a run after which replicas that differ end it. */
const DISAGREEMENTS = 20;
/** A lease is this many times a measured step long, and twice that for an epoch's first step. */
const LEASE_STEPS = 8;

export class TrainingDriver {
  private stage: 'adopting' | 'preparing' | 'stepping' | 'ending' = 'preparing';
  private readonly readyMembers = new Set<string>();
  private readonly trainedBy = new Map<string, Message<'EpochTrained'>>();
  private readonly digests = new Map<string, string>();
  private ledger: StepLedger | null = null;
  private writer = '';
  private sentAt = -Infinity;
  private stepStartedAt = 0;
  private stepMs = 0;
  private expiries = 0;
  private readonly startedAt = monotonicMs();

  constructor(
    private readonly rules: SearchRules,
    private readonly host: TrainingHost,
    private readonly timing: TrainingTiming,
    private members: readonly string[],
    adopting: boolean,
  ) {
    if (adopting) this.stage = 'adopting';
    else this.announce();
  }

  takesPart(id: string): boolean {
    return this.members.includes(id);
  }

  // --- events ---

  /** After a restart: a trainer said where it stands. */
  candidate(id: string, position: { epoch: number; appliedStep: number } | null): void {
    const { epoch, step } = this.host.state();
    if (this.stage !== 'adopting' || position?.epoch !== epoch) return;
    if (position.appliedStep === step || position.appliedStep === step - 1)
      this.members = [...new Set([...this.members, id])].sort();
  }

  async ready({ id, fence, epoch, error }: Message<'EpochReady'>): Promise<void> {
    const state = this.host.state();
    if (this.stage !== 'preparing' || fence !== state.fence || epoch !== state.epoch || !this.takesPart(id))
      return;
    if (error !== null) {
      if (this.members.length === 1)
        this.host.stop(`no trainer can begin epoch ${epoch}: ${error}`, state.snapshot !== '');
      return this.lose([id], `it cannot train epoch ${epoch}: ${error}`);
    }
    this.readyMembers.add(id);
    this.startWhenReady();
  }

  async slots(report: Message<'SlotsHeld'>): Promise<void> {
    const state = this.host.state();
    if (report.fence !== state.fence || !this.takesPart(report.id)) return;
    if (report.behind) return this.lose([report.id], `it cannot follow after step ${report.appliedStep}`);
    if (this.stage !== 'stepping' || this.ledger?.step !== report.step) return;
    if (report.stateDigest !== null && this.disagrees(report))
      return this.disagreement(`after step ${report.step}`);
    if (this.ledger.report(report.id, report.held)) this.announce();
    await this.commitWhenWhole();
  }

  async trained(report: Message<'EpochTrained'>): Promise<void> {
    const state = this.host.state();
    if (
      this.stage !== 'ending' ||
      report.fence !== state.fence ||
      report.epoch !== state.epoch ||
      !this.takesPart(report.id)
    )
      return;
    if (report.error !== null) {
      if (this.members.length === 1)
        this.host.stop(`no trainer can write the snapshot of epoch ${report.epoch}: ${report.error}`, false);
      return this.lose([report.id], `it cannot write the snapshot: ${report.error}`);
    }
    if (report.sha256 === null) return;
    this.trainedBy.set(report.id, report);
    await this.closeWhenTrained();
  }

  /** Trainers that are silent, gone or unfit; the epoch goes on without them. */
  async lose(ids: readonly string[], why: string): Promise<void> {
    const lost = ids.filter((id) => this.takesPart(id));
    if (lost.length === 0) return;
    this.host.log(`${lost.join(', ')} left epoch ${this.host.state().epoch}: ${why}`);
    this.members = this.members.filter((id) => !lost.includes(id));
    if (this.stage === 'adopting') return;
    if (this.members.length === 0) return this.rollBack('no trainer is left');
    if (this.stage === 'preparing') {
      this.startWhenReady();
      return;
    }
    if (this.stage === 'ending') {
      if (lost.includes(this.writer)) this.writer = this.members[0]!;
      this.announce();
      return this.closeWhenTrained();
    }
    if (this.ledger!.lose(this.members)) this.announce();
    return this.commitWhenWhole();
  }

  /** Time passes: repeat what was not answered, give late leases anew. */
  async tick(now: number): Promise<void> {
    if (this.stage === 'adopting') {
      if (now - this.startedAt > this.timing.adoptMs) await this.adopt();
      return;
    }
    if (this.stage === 'stepping' && now > this.stepStartedAt + this.leaseMs()) {
      this.expiries++;
      for (const slot of this.ledger!.open()) this.ledger!.leaseAgain(slot);
      this.stepStartedAt = now;
      this.announce();
    }
    if (now - this.sentAt > this.timing.repeatMs) this.announce();
  }

  // --- decisions ---

  private async adopt(): Promise<void> {
    if (this.members.length === 0) return this.rollBack('no trainer stands where the journal ends');
    this.host.log(`goes on at step ${this.host.state().step} with ${this.members.join(', ')}`);
    this.nextStep();
  }

  private startWhenReady(): void {
    if (this.members.every((id) => this.readyMembers.has(id))) this.nextStep();
  }

  private nextStep(): void {
    const { step, plan, fence } = this.host.state();
    if (step === plan!.firstStep + this.rules.stepsPerEpoch) {
      this.stage = 'ending';
      this.ledger = null;
      this.writer = this.members[0]!;
    } else {
      this.stage = 'stepping';
      this.ledger = new StepLedger(step, slotsPerStep(this.rules), this.members, fence, () =>
        this.host.nextNumber(),
      );
      this.stepStartedAt = monotonicMs();
    }
    this.announce();
  }

  private async commitWhenWhole(): Promise<void> {
    const slots = this.ledger?.commit() ?? null;
    if (this.ledger === null || slots === null) return;
    const elapsed = monotonicMs() - this.stepStartedAt;
    this.stepMs = this.stepMs === 0 ? elapsed : 0.8 * this.stepMs + 0.2 * elapsed;
    const { epoch, step } = this.host.state();
    const repeated = this.ledger.repeated;
    this.expiries = 0;
    this.ledger = null;
    await this.host.record({ type: 'step-committed', epoch, step, slots, repeated });
    this.nextStep();
  }

  private async closeWhenTrained(): Promise<void> {
    const reports = this.members.map((id) => this.trainedBy.get(id));
    if (reports.some((report) => report === undefined)) return;
    const digests = new Set(reports.map((report) => report!.sha256));
    if (digests.size > 1) return this.disagreement('at the end of the epoch');
    if (!this.trainedBy.get(this.writer)!.written) return;
    const { epoch, step } = this.host.state();
    await this.host.record({ type: 'epoch-trained', epoch, sha256: [...digests][0]!, step });
  }

  private disagrees(report: Message<'SlotsHeld'>): boolean {
    const key = String(report.appliedStep);
    const known = this.digests.get(key);
    this.digests.set(key, known ?? report.stateDigest!);
    return known !== undefined && known !== report.stateDigest;
  }

  /** Replay from the snapshot mends a chance fault; replicas that always differ are of different arithmetic. */
  private async disagreement(when: string): Promise<void> {
    const { rollbacks, epoch } = this.host.state();
    if (rollbacks >= DISAGREEMENTS)
      this.host.stop(
        `the trainers' weights differ ${when} (epoch ${epoch}), after ${rollbacks} replays; use devices of one model, or one trainer`,
        false,
      );
    return this.rollBack(`replicas disagree ${when}`);
  }

  private async rollBack(reason: string): Promise<void> {
    this.host.log(`epoch ${this.host.state().epoch} begins again from its snapshot: ${reason}`);
    await this.host.record({ type: 'rolled-back', epoch: this.host.state().epoch, reason });
  }

  private leaseMs(): number {
    const first = this.host.state().step === this.host.state().plan?.firstStep;
    // Doubles while a step runs over it, so that a slow host gets through in the end.
    return (
      Math.max(this.timing.leaseMs, LEASE_STEPS * this.stepMs) *
      (first ? 2 : 1) *
      2 ** Math.min(this.expiries, 10)
    );
  }

  // --- what trainers are told ---

  private announce(): void {
    const { fence, epoch } = this.host.state();
    this.host.send({ fence, epoch, members: [...this.members], ...this.directive() });
    this.sentAt = monotonicMs();
  }

  private directive(): Pick<Draft<'Directive'>, 'plan' | 'step' | 'end'> {
    const state = this.host.state();
    const plan = state.plan!;
    const commit = state.lastCommit === null ? null : { step: state.step - 1, slots: state.lastCommit };
    switch (this.stage) {
      case 'adopting':
        return {};
      case 'preparing':
        return {
          plan: {
            snapshot: state.snapshot === '' ? null : state.snapshot,
            firstStep: plan.firstStep,
            individuals: plan.individuals.map(({ id, genome }) => ({ id, genome: [...genome] })),
            schedule: plan.schedule.flat(),
          },
        };
      case 'stepping':
        return {
          step: {
            step: state.step,
            stepInEpoch: state.step - plan.firstStep,
            leases: [...this.ledger!.current()],
            commit,
          },
        };
      case 'ending':
        return { end: { commit, writer: this.writer } };
    }
  }
}
