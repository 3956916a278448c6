/**
 * The transitions of training an epoch: the only functions that change its stage. When which of them is due
 * says training.ts.
 */
import { IdMap } from '../../search/id-map.js';
import { slotsPerStep } from '../../search/plan.js';
import { snapshotsInUse, standingSnapshot } from '../../search/state.js';
import type { Verdict } from '../../search/double-check.js';
import { assigned, openChecks, slotsToCheck } from '../../search/double-check.js';
import { leasesOf, openLedger } from '../../search/step-ledger.js';
import * as attendance from './attendance.js';
import { toTell } from './directives.js';
import { mayReplay, rollBack } from './roll-back.js';
import type { Ending, Training } from './training-state.js';
import { idleTraining } from './training-state.js';
import type { Turn } from './turn.js';

export function becomeIdle({ draining, sentAt, stepMs, paces, nextNumber }: Training): Training {
  return { ...idleTraining, draining, sentAt, stepMs, paces, nextNumber };
}

/** This actor was restarted in mid-epoch: waits for trainers that stand where the journal ends. */
export function becomeAdopting(turn: Turn, training: Training, expected: number): Training {
  return { ...becomeIdle(training), stage: { name: 'adopting', since: turn.now, expected } };
}

/** It has waited long enough: the epoch goes on with who stands where the journal ends. */
export function becomeAdopted(turn: Turn, training: Training): Training {
  const { search } = turn;
  if (training.members.length > 0) {
    turn.say(`goes on at step ${search.step} with ${training.members.join(', ')}`);
    return becomeSteppingOrEnding(turn, training);
  }
  const standing = standingSnapshot(search);
  return standing === null
    ? becomeRolledBack(turn, training, 'no trainer stands where the journal ends')
    : becomeRestoring(turn, training, standing.snapshot);
}

/** No trainer stands where the journal ends, but a snapshot does: it is read, then trainers begin from it. */
export function becomeRestoring(turn: Turn, training: Training, snapshot: string | null): Training {
  if (snapshot !== null) turn.save.push({ kind: 'check-snapshot', sha256: snapshot, holders: null });
  return { ...becomeIdle(training), stage: { name: 'restoring', isRead: snapshot === null } };
}

/** The snapshot that training is to go on from was read, or could not be: then the epoch begins again. */
export function becomeRestored(
  turn: Turn,
  training: Training,
  sha256: string,
  problem: string | null,
): Training {
  if (standingSnapshot(turn.search)?.snapshot !== sha256) return training;
  if (problem !== null) return becomeRolledBack(turn, training, `its snapshot cannot be read: ${problem}`);
  turn.save.push({ kind: 'keep-snapshots', sha256s: snapshotsInUse(turn.search) });
  return { ...training, stage: { name: 'restoring', isRead: true } };
}

export function becomePreparing(turn: Turn, training: Training, members: readonly string[]): Training {
  const reportedAt = IdMap.byName(members.map((id) => [id, turn.now]));
  return announce(turn, {
    ...becomeIdle(training),
    stage: { name: 'preparing', ready: new Set() },
    members,
    reportedAt,
  });
}

/** The next step of the epoch, or its end; the end of its training for now where the search is to stop. */
export function becomeSteppingOrEnding(turn: Turn, training: Training): Training {
  const { step, plan, fence, epoch } = turn.search;
  if (training.draining || step === plan!.firstStep + turn.rules.stepsPerEpoch)
    return becomeEnding(turn, attendance.closing(training), new Map());
  const regrouped = attendance.regrouped(training, turn.now);
  const { members, nextNumber } = regrouped;
  const changed = attendance.changes(training.members, members);
  if (changed !== null) turn.say(`epoch ${epoch}, step ${step}: ${changed}`);
  const ledger = openLedger(step, slotsPerStep(turn.rules), members, { fence, nextNumber });
  const sampling = { seed: turn.rules.seed, share: turn.checkShare };
  const open = openChecks(slotsToCheck(sampling, step, ledger.slots.length));
  const checks = assigned(open, leasesOf(ledger), members);
  return announce(turn, {
    ...regrouped,
    stage: { name: 'stepping', ledger, checks, leasedAt: turn.now, expiries: 0, startedAt: turn.now },
    nextNumber: ledger.nextNumber,
  });
}

export function becomeEnding(turn: Turn, training: Training, trained: Ending['trained']): Training {
  const writer = training.members[0]!;
  return announce(turn, { ...training, stage: { name: 'ending', writer, trained } });
}

/** All replicas are equal: the snapshot is read before its epoch counts. */
export function becomeVerifying(
  turn: Turn,
  training: Training,
  { writer }: Ending,
  sha256: string,
): Training {
  const { fence, step } = turn.search;
  // The writer first: its disk may be this one.
  const trainers = [writer, ...training.members.filter((id) => id !== writer)];
  turn.save.push({ kind: 'check-snapshot', sha256, holders: { fence, step, trainers } });
  return { ...training, stage: { name: 'verifying', sha256, writer } };
}

export function becomeRolledBack(turn: Turn, training: Training, reason: string): Training {
  rollBack(turn, reason);
  return becomeIdle(training);
}

/** Replay from the last snapshot mends a chance fault; what comes again and again ends the search. */
export function replay(turn: Turn, training: Training, reason: string): Training {
  const { rollbacks, epoch } = turn.search;
  if (mayReplay(turn.search)) return becomeRolledBack(turn, training, reason);
  turn.stop(`epoch ${epoch} cannot be trained, after ${rollbacks} replays: ${reason}`);
  return training;
}

/** Replicas that always differ are of different arithmetic. */
export function disagreement(turn: Turn, training: Training, when: string): Training {
  return replay(turn, training, `replicas disagree ${when}; use devices of one model, or one trainer`);
}

/** Two computations of one slot differ: who was wrong is sent away, and what it computed of the epoch is void. */
export function judged(turn: Turn, training: Training, { slot, wrong, others }: Verdict): Training {
  const { epoch, step } = turn.search;
  const where = `slot ${slot} of step ${step}`;
  if (wrong.length === 0)
    return replay(
      turn,
      training,
      `${others.join(' and ')} compute ${where} differently, and no other trainer is here to tell who is wrong; ` +
        'resume with one more',
    );
  const reason = `it computed ${where} otherwise than ${others.join(' and ')}`;
  for (const worker of wrong) turn.commit({ type: 'worker-quarantined', epoch, step, worker, reason });
  turn.say(`${wrong.join(', ')} is quarantined: ${reason}`);
  return becomeRolledBack(turn, training, `${wrong.join(', ')} computed wrongly, and is quarantined`);
}

export function announce(turn: Turn, training: Training): Training {
  const told = toTell(turn.search, training);
  if (told === null) return training;
  turn.tell('Directive', told.directive);
  const toldSince = told === training.told ? training.toldSince : turn.now;
  return { ...training, told, toldSince, sentAt: turn.now };
}
