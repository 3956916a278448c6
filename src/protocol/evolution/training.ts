/**
 * The evolution actor's side of training an epoch: plan → steps → end, over the trainers that take part.
 * It decides from what trainers report; the journal decides what counts.
 *
 *   idle ─epoch planned─▶ preparing ─all ready─▶ stepping ─last step committed─▶ ending
 *   idle ─restarted in mid-epoch─▶ adopting ─a trainer stands at the journal's step─▶ stepping
 *   idle or adopting ─a snapshot stands at the journal's step─▶ restoring ─it can be read─▶ preparing
 *   stepping ─step committed, and the search is to stop─▶ ending ─▶ verifying ─▶ idle, step saved
 *   ending ─all digests equal─▶ verifying ─the snapshot can be read─▶ idle, epoch trained
 *   any ─no trainer left, or replicas disagree─▶ idle, epoch rolled back
 *   Between two steps trainers join and leave (attendance.ts).
 *
 * The directive of the stage is repeated until the epoch
 * moves on, so that a lost message costs time only (directives.ts).
 */
import { snapshotsInUse } from '../../search/state.js';
import { isMember } from '../../search/members.js';
import type { SlotChecks } from '../../search/double-check.js';
import { asksDiffer, askedAgain, assigned, isWaiting, verdictOf, voted } from '../../search/double-check.js';
import type { StepLedger } from '../../search/step-ledger.js';
import {
  badIn,
  commitOf,
  leaseAgain,
  leasesDiffer,
  leasesOf,
  loseMembers,
  openSlots,
  reportHeld,
  sameAttempt,
} from '../../search/step-ledger.js';
import type { Message } from '../../wire/messages.js';
import * as attendance from './attendance.js';
import { paced } from './pace.js';
import type { Training, TrainingStage, TrainingTiming } from './training-state.js';
import {
  announce,
  becomeAdopted,
  becomeEnding,
  becomeIdle,
  becomeRestored,
  becomeRolledBack,
  becomeSteppingOrEnding,
  becomeVerifying,
  disagreement,
  judged,
  replay,
} from './transitions.js';
import type { Turn } from './turn.js';

/** A lease is this many times a measured step long, and twice that for an epoch's first step. */
const LEASE_STEPS = 8;

/** Share of a wait after which what is waited for is said again. */
const SHARE = 0.25;

// --- what trainers say ---

/**
 * A trainer is here. After a restart it may stand where the journal ends; else it joins in mid-epoch. Once all are
 * here there is nothing more to wait for.
 */
export function candidate(
  turn: Turn,
  training: Training,
  id: string,
  position: { readonly epoch: number; readonly appliedStep: number } | null,
): Training {
  const { epoch, step } = turn.search;
  const { stage } = training;
  if (stage.name === 'idle' || stage.name === 'ending' || stage.name === 'verifying') return training;
  if (stage.name !== 'adopting') return attendance.arrived(training, id);
  const stands =
    position?.epoch === epoch && (position.appliedStep === step || position.appliedStep === step - 1);
  const next = stands ? adopted(turn, training, id) : attendance.arrived(training, id);
  const here = next.members.length + next.waiting.size;
  return stage.expected > 0 && here >= stage.expected ? becomeAdopted(turn, next) : next;
}

function adopted(turn: Turn, training: Training, id: string): Training {
  const members = [...new Set([...training.members, id])].sort();
  return { ...training, members, reportedAt: training.reportedAt.with(id, turn.now) };
}

export function ready(turn: Turn, training: Training, message: Message<'EpochReady'>): Training {
  const { search } = turn;
  const { id, error } = message;
  if (!isCurrent(turn, training, message) || message.epoch !== search.epoch) return training;
  if (training.stage.name !== 'preparing') return training;
  const next = reported(turn, training, id);
  if (error !== null) {
    if (training.members.length > 1)
      return lose(turn, next, [id], `it cannot train epoch ${search.epoch}: ${error}`);
    turn.stop(`no trainer can begin epoch ${search.epoch}: ${error}`, search.snapshot !== null);
    return next;
  }
  return startWhenReady(turn, {
    ...next,
    stage: { name: 'preparing', ready: new Set(training.stage.ready).add(id) },
  });
}

export function slotsHeld(turn: Turn, training: Training, report: Message<'SlotsHeld'>): Training {
  if (!isCurrent(turn, training, report)) return training;
  const { id, step, held, stateDigest, appliedStep } = report;
  if (report.behind) return lose(turn, training, [id], `it cannot follow after step ${appliedStep}`);
  const { stage } = training;
  if (stage.name !== 'stepping' || stage.ledger.step !== step) return training;
  const paces = paced(training.paces, stage.ledger, report, turn.now - stage.startedAt);
  let next = { ...attendance.stands(reported(turn, training, id), id), paces };
  if (stateDigest !== null) {
    const known = next.digests.get(appliedStep);
    if (known !== undefined && known !== stateDigest) return disagreement(turn, next, `after step ${step}`);
    next = { ...next, digests: new Map(next.digests).set(appliedStep, stateDigest) };
  }
  const checks = withVotes(stage, report);
  for (const { slot, owner, bad } of badIn(stage.ledger, held))
    turn.say(`epoch ${turn.search.epoch}, step ${step}: slot ${slot} of ${owner} is bad, says ${id}: ${bad}`);
  return withLedger(turn, next, reportHeld(stage.ledger, id, held), checks);
}

type Stepping = Extract<TrainingStage, { name: 'stepping' }>;

/** A trainer has computed what it holds by its own lease, and what it was asked to check. */
function withVotes({ ledger, checks }: Stepping, { id, held, checked }: Message<'SlotsHeld'>): SlotChecks {
  if (checks.size === 0) return checks;
  const own = held.filter((attempt) => {
    const lease = ledger.slots[attempt.slot]?.lease;
    return attempt.bad === null && lease?.owner === id && sameAttempt(attempt, lease);
  });
  return [...own, ...checked].reduce((known, computation) => voted(known, id, computation), checks);
}

export function trained(turn: Turn, training: Training, report: Message<'EpochTrained'>): Training {
  const { stage } = training;
  if (!isCurrent(turn, training, report) || report.epoch !== turn.search.epoch) return training;
  if (stage.name !== 'ending') return training;
  const { id, error, sha256, written } = report;
  const next = reported(turn, training, id);
  if (error !== null || sha256 === null) {
    const why = error ?? 'it names no digest';
    if (training.members.length > 1) return lose(turn, next, [id], `it cannot write the snapshot: ${why}`);
    turn.stop(`no trainer can write the snapshot of epoch ${report.epoch}: ${why}`);
    return next;
  }
  const reports = new Map(stage.trained).set(id, { sha256, written });
  return closeWhenTrained(turn, { ...next, stage: { ...stage, trained: reports } });
}

/** The snapshot was read, or could not be: then another member writes it, or the epoch begins again. */
export function snapshotChecked(
  turn: Turn,
  training: Training,
  { sha256, problem }: { readonly sha256: string; readonly problem: string | null },
): Training {
  const { stage } = training;
  if (stage.name === 'restoring') return becomeRestored(turn, training, sha256, problem);
  if (stage.name !== 'verifying' || stage.sha256 !== sha256) return training;
  if (problem !== null) {
    const members = training.members.filter((id) => id !== stage.writer);
    turn.say(`the snapshot that ${stage.writer} wrote cannot be read: ${problem}`);
    return members.length === 0
      ? replay(turn, training, 'no trainer is left that can write the snapshot')
      : becomeEnding(turn, { ...training, members }, new Map());
  }
  const { epoch, step, plan } = turn.search;
  const isWhole = step === plan!.firstStep + turn.rules.stepsPerEpoch;
  turn.commit({ type: isWhole ? 'epoch-trained' : 'step-saved', epoch, sha256, step });
  turn.save.push({ kind: 'keep-snapshots', sha256s: snapshotsInUse(turn.search) });
  return becomeIdle(training);
}

/** Trainers that are silent, gone or unfit; the epoch goes on without them. */
export function lose(turn: Turn, training: Training, ids: readonly string[], why: string): Training {
  const lost = ids.filter((id) => training.members.includes(id));
  const { stage } = training;
  if (lost.length === 0 || stage.name === 'idle') return training;
  turn.say(`${lost.join(', ')} left epoch ${turn.search.epoch}: ${why}`);
  const next = attendance.withoutMembers(training, lost);
  // What stands on disk is checked already, whichever trainer wrote it.
  if (stage.name === 'adopting' || stage.name === 'restoring' || stage.name === 'verifying') return next;
  if (!attendance.hasState(next)) return becomeRolledBack(turn, next, 'no trainer is left');
  switch (stage.name) {
    case 'preparing':
      return startWhenReady(turn, next);
    case 'ending':
      return closeWhenTrained(
        turn,
        lost.includes(stage.writer) ? becomeEnding(turn, next, stage.trained) : announce(turn, next),
      );
    case 'stepping':
      return withLedger(turn, next, loseMembers(stage.ledger, next.members), stage.checks);
  }
}

/** A trainer wants to go. It may, once `isFree` says so. */
export function leaves(turn: Turn, training: Training, id: string): Training {
  const next = attendance.leaves(training, id);
  const { stage, members } = training;
  const isSpare = members.includes(id) && members.length > 1;
  if (isSpare && (stage.name === 'preparing' || stage.name === 'adopting'))
    return lose(turn, next, [id], 'it was told to end');
  return next;
}

/** True when the epoch does not need this trainer. */
export function isFree({ stage, members }: Training, id: string): boolean {
  return stage.name === 'idle' || !members.includes(id);
}

/** Time passes: repeat what was not answered, give late leases anew, drop who says nothing. */
export function tick(turn: Turn, training: Training, timing: TrainingTiming): Training {
  const { stage } = training;
  if (stage.name === 'idle' || stage.name === 'verifying' || stage.name === 'restoring') return training;
  if (stage.name === 'adopting')
    return turn.now - stage.since > timing.adoptMs ? becomeAdopted(turn, training) : training;
  const patience = stage.name === 'stepping' ? timing.mutedMs : timing.boundaryMs;
  const muted = training.members.filter(
    (id) => turn.now - (training.reportedAt.get(id) ?? turn.now) > patience,
  );
  if (muted.length > 0) return lose(turn, training, muted, 'it reports nothing');
  let next = training;
  if (stage.name === 'stepping' && turn.now > stage.leasedAt + leaseMs(turn, training, timing))
    next = expire(turn, training, stage);
  return turn.now - next.sentAt > repeatMs(turn, next, timing) ? announce(turn, next) : next;
}

// --- decisions ---

function startWhenReady(turn: Turn, training: Training): Training {
  const { stage, members } = training;
  if (stage.name !== 'preparing' || !members.every((id) => stage.ready.has(id))) return training;
  return becomeSteppingOrEnding(turn, training);
}

/** Takes a changed ledger in: tells its new leases, commits the step once it is whole. `known`: who computed what. */
function withLedger(turn: Turn, training: Training, ledger: StepLedger, known: SlotChecks): Training {
  const { stage, members } = training;
  if (stage.name !== 'stepping' || (ledger === stage.ledger && known === stage.checks)) return training;
  const checks = assigned(known, leasesOf(ledger), members);
  const next = { ...training, stage: { ...stage, ledger, checks }, nextNumber: ledger.nextNumber };
  const verdict = verdictOf(checks, members);
  if (verdict !== null) return judged(turn, next, verdict);
  const slots = isWaiting(checks) ? null : commitOf(ledger);
  if (slots === null)
    return leasesDiffer(stage.ledger, ledger) || asksDiffer(stage.checks, checks)
      ? announce(turn, next)
      : next;
  const { epoch, step } = turn.search;
  const checked = checks.size === 0 ? {} : { checked: checks.size };
  turn.commit({ type: 'step-committed', epoch, step, slots, repeated: ledger.repeated, ...checked });
  const elapsed = turn.now - stage.startedAt;
  const stepMs = training.stepMs === 0 ? elapsed : 0.8 * training.stepMs + 0.2 * elapsed;
  return becomeSteppingOrEnding(turn, { ...next, stepMs });
}

function expire(turn: Turn, training: Training, stage: Stepping): Training {
  let { ledger } = stage;
  for (const slot of openSlots(ledger)) ledger = leaseAgain(ledger, slot);
  const checks = assigned(askedAgain(stage.checks, training.members), leasesOf(ledger), training.members);
  const late = { ...stage, ledger, checks, leasedAt: turn.now, expiries: stage.expiries + 1 };
  return announce(turn, { ...training, stage: late, nextNumber: ledger.nextNumber });
}

function closeWhenTrained(turn: Turn, training: Training): Training {
  const { stage, members } = training;
  if (stage.name !== 'ending') return training;
  const reports = members.map((id) => stage.trained.get(id));
  if (reports.some((report) => report === undefined)) return training;
  const digests = new Set(reports.map((report) => report!.sha256));
  if (digests.size > 1) return disagreement(turn, training, 'at the end of the epoch');
  if (stage.trained.get(stage.writer)?.written !== true) return training;
  return becomeVerifying(turn, training, stage, [...digests][0]!);
}

/**
 * The wait grows with the time that the directive stands: each of many trainers answers a repetition, and a
 * lost message costs a share of what the step takes anyway. Well within the time after which who says
 * nothing is lost.
 */
function repeatMs({ now }: Turn, { toldSince }: Training, timing: TrainingTiming): number {
  const longest = Math.max(timing.repeatMs, SHARE * timing.mutedMs);
  return Math.min(longest, Math.max(timing.repeatMs, SHARE * (now - toldSince)));
}

function leaseMs({ search }: Turn, { stage, stepMs }: Training, timing: TrainingTiming): number {
  const first = search.step === search.plan?.firstStep ? 2 : 1;
  const expiries = stage.name === 'stepping' ? stage.expiries : 0;
  // Doubles while a step runs over it, so that a slow host gets through in the end.
  return Math.max(timing.leaseMs, LEASE_STEPS * stepMs) * first * 2 ** Math.min(expiries, 10);
}

function isCurrent(turn: Turn, training: Training, message: { id: string; fence: number }): boolean {
  return message.fence === turn.search.fence && isMember(training.members, message.id);
}

function reported(turn: Turn, training: Training, id: string): Training {
  return { ...training, reportedAt: training.reportedAt.with(id, turn.now) };
}
