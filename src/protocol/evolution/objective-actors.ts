/**
 * The evolution actor's side of objectives that join the running search. Each is measured by a process of
 * its own, which says hello every second; the first hello is journalled as the joining. In an epoch that it
 * takes part in it is asked for what is still open, again and again, until nothing is: a lost message costs
 * a second. Without it the epoch waits, or goes on with one objective less, as configured.
 *
 *   (unknown) ─hello, journalled─▶ here ─not heard for `silenceMs`─▶ away ─hello─▶ here
 *   here, away ─removed, five failures in a row, or lost where `onLost` is drop─▶ left
 */
import {
  joinObjection,
  memberNamed,
  nextEpoch,
  REMOVED,
  sameMeasure,
} from '../../search/joined-objectives.js';
import { FAILURES } from '../../search/own-objectives.js';
import type { Message } from '../../wire/messages.js';
import { HISTORY_POINTS, PROTOCOL, SUBJECTS } from '../../wire/messages.js';
import { problemOf } from './evaluation.js';
import { openFor, snapshotFor } from './open-measurements.js';
import type { Turn } from './turn.js';

export interface JoiningRules {
  /** Of a scan as the networks see it. */
  readonly input: { readonly slices: number; readonly size: number };
  /** What an epoch does without the process of an objective: wait for it, or go on without the objective. */
  readonly onLost: 'wait' | 'drop';
  /** Such a process not heard for so long is away. */
  readonly silenceMs: number;
}

export interface ObjectiveActors {
  /** Incarnation of the process that measures an objective, by its name. */
  readonly present: ReadonlyMap<string, string>;
  /** When an objective's process was last heard. */
  readonly heardAt: ReadonlyMap<string, number>;
  /** What an objective was last asked for. */
  readonly asked: ReadonlyMap<string, { readonly individuals: readonly string[]; readonly at: number }>;
  /** Objectives that the epoch at work is known to wait for. */
  readonly missed: ReadonlySet<string>;
}

export const noObjectiveActors: ObjectiveActors = {
  present: new Map(),
  heardAt: new Map(),
  asked: new Map(),
  missed: new Set(),
};

/** Open measurements are asked for again after so long. */
const REPEAT_MS = 1000;

// --- what its process says ---

export function hello(
  rules: JoiningRules,
  turn: Turn,
  actors: ObjectiveActors,
  { message, reply }: { readonly message: Message<'ObjectiveHello'>; readonly reply: string | null },
): ObjectiveActors {
  const { name, incarnation } = message;
  const isBusy = isMeasuredByAnother(rules, turn, actors, message);
  const reason = isBusy ? 'another process measures it' : objection(turn, message);
  if (reason === null && memberNamed(turn.search, name) === null) join(turn, message);
  const member = memberNamed(turn.search, name);
  if (reply !== null)
    turn.tell(
      'ObjectiveReply',
      {
        accepted: reason === null,
        reason,
        busy: isBusy,
        fence: turn.search.fence,
        epoch: turn.search.epoch,
        since: member?.since ?? 0,
        context: reason === null ? { ...turn.rules.space, ...rules.input } : null,
      },
      reply,
    );
  if (reason !== null) {
    if (!isBusy) turn.say(`refuses the objective ${name}: ${reason}`);
    return actors;
  }
  if (actors.present.get(name) !== incarnation) turn.say(`the objective ${name} is here`);
  const missed = new Set(actors.missed);
  missed.delete(name);
  return ask(turn, {
    ...actors,
    present: new Map(actors.present).set(name, incarnation),
    heardAt: new Map(actors.heardAt).set(name, turn.now),
    missed,
  });
}

function isMeasuredByAnother(
  rules: JoiningRules,
  turn: Turn,
  { present, heardAt }: ObjectiveActors,
  { name, incarnation }: Message<'ObjectiveHello'>,
): boolean {
  const holder = present.get(name);
  if (holder === undefined || holder === incarnation) return false;
  return turn.now - heardAt.get(name)! <= rules.silenceMs;
}

/** Why the process may not measure this objective; null when it may. */
function objection({ rules, search }: Turn, message: Message<'ObjectiveHello'>): string | null {
  const { protocol, name, joined } = message;
  if (protocol !== PROTOCOL)
    return `expected protocol ${PROTOCOL}, got ${protocol}; install the same version of EMARS everywhere`;
  const member = memberNamed(search, name);
  if (member !== null)
    return sameMeasure(member.rule, message)
      ? null
      : `it takes part with unit, direction and needs ${member.rule.unit}, ${member.rule.direction}, ` +
          `${member.rule.needs}, got ${message.unit}, ${message.direction}, ${message.needs}`;
  if (joined)
    return search.joined.findLast(({ rule }) => rule.name === name)?.left?.reason ?? 'it has not joined';
  return joinObjection(rules, search, { ...message, since: sinceOf(search, message) });
}

function sinceOf(search: Turn['search'], { since }: Message<'ObjectiveHello'>): number {
  return Math.max(since, nextEpoch(search));
}

function join(turn: Turn, message: Message<'ObjectiveHello'>): void {
  const { name, unit, direction, needs } = message;
  const since = sinceOf(turn.search, message);
  turn.commit({ type: 'objective-joined', name, unit, direction, needs, since });
  turn.say(`the objective ${name} (${direction}) joins, from epoch ${since} on`);
}

/** A user takes it out. */
export function leave(
  turn: Turn,
  actors: ObjectiveActors,
  { message, reply }: { readonly message: Message<'ObjectiveLeave'>; readonly reply: string | null },
): ObjectiveActors {
  const { name } = message;
  const isMember = memberNamed(turn.search, name) !== null;
  const { fence, epoch } = turn.search;
  const reason = isMember ? null : `expected an objective that joined this search, got "${name}"`;
  if (reply !== null)
    turn.tell(
      'ObjectiveReply',
      { accepted: isMember, reason, busy: false, fence, epoch, since: 0, context: null },
      reply,
    );
  return isMember ? dismiss(turn, actors, name, REMOVED) : actors;
}

function dismiss(turn: Turn, actors: ObjectiveActors, name: string, reason: string): ObjectiveActors {
  const { epoch } = turn.search;
  turn.commit({ type: 'objective-left', epoch, name, reason });
  turn.say(`goes on without the objective ${name} from epoch ${epoch} on: ${reason}`);
  const present = new Map(actors.present);
  present.delete(name);
  const missed = new Set(actors.missed);
  missed.delete(name);
  return { ...actors, present, missed };
}

export function measured(
  turn: Turn,
  actors: ObjectiveActors,
  message: Message<'MeasureResult'>,
): ObjectiveActors {
  const { search } = turn;
  const { name, incarnation, fence, epoch, snapshot, individual, value, isUndefined, error } = message;
  const member = memberNamed(search, name);
  const isWanted =
    member !== null &&
    actors.present.get(name) === incarnation &&
    fence === search.fence &&
    search.phase === 'evaluating' &&
    epoch === search.epoch &&
    snapshot === snapshotFor(turn, member) &&
    openFor(turn, member).includes(individual);
  if (!isWanted) return actors;
  const problem = error ?? problemOf(value);
  const key = { epoch, individual, objective: name };
  if (problem === null)
    turn.commit({
      type: 'evaluated',
      ...key,
      value,
      worker: `objective-${name}`,
      ...(isUndefined ? { defined: false } : {}),
    });
  else turn.commit({ type: 'evaluation-failed', ...key, reason: problem });
  if (problem !== null && memberNamed(turn.search, name)!.failures >= FAILURES)
    return dismiss(turn, actors, name, `${FAILURES} measurements in a row failed, the last one: ${problem}`);
  return ask(turn, actors);
}

// --- time, and asking ---

/** `isLate`: cut off from the bus, or late ourselves, we cannot tell who is silent. */
export function tick(
  rules: JoiningRules,
  turn: Turn,
  actors: ObjectiveActors,
  isLate: boolean,
): ObjectiveActors {
  const { silenceMs } = rules;
  let next = actors;
  if (isLate) next = { ...next, heardAt: new Map([...next.heardAt.keys()].map((name) => [name, turn.now])) };
  const silent = [...next.present.keys()].filter((name) => turn.now - next.heardAt.get(name)! > silenceMs);
  if (silent.length > 0) {
    turn.say(`hears nothing more from the objective ${silent.join(', ')}`);
    next = { ...next, present: new Map([...next.present].filter(([name]) => !silent.includes(name))) };
  }
  return ask(turn, awaited(rules, turn, next));
}

/** Objectives whose measurements are open while no process measures them. */
function awaited(rules: JoiningRules, turn: Turn, actors: ObjectiveActors): ObjectiveActors {
  let next = actors;
  if (turn.search.phase !== 'evaluating')
    return next.missed.size === 0 ? next : { ...next, missed: new Set() };
  for (const { rule, since, left } of turn.search.joined) {
    const { name } = rule;
    if (left !== null || since > turn.search.epoch || next.present.has(name)) continue;
    // Of a process that this life of ours has never heard, the silence begins with its first miss.
    const heardAt = next.heardAt.get(name) ?? turn.now;
    if (!next.missed.has(name)) {
      const then = rules.onLost === 'wait' ? 'waits for it' : 'waits a while for it';
      turn.say(
        `epoch ${turn.search.epoch} needs the objective ${name}, which no process measures, and ${then}`,
      );
      next = {
        ...next,
        missed: new Set(next.missed).add(name),
        heardAt: new Map(next.heardAt).set(name, heardAt),
      };
    }
    if (rules.onLost === 'drop' && turn.now - heardAt > rules.silenceMs)
      next = dismiss(turn, next, name, `its process was not heard for ${seconds(rules.silenceMs)} s`);
  }
  return next;
}

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}

/** Sends what is open to those who are here. */
function ask(turn: Turn, actors: ObjectiveActors): ObjectiveActors {
  const { search } = turn;
  if (search.phase !== 'evaluating') return actors;
  let next = actors;
  for (const member of search.joined) {
    const { name } = member.rule;
    const incarnation = next.present.get(name);
    if (incarnation === undefined || member.left !== null) continue;
    const open = openFor(turn, member).slice(0, SUBJECTS);
    const before = next.asked.get(name);
    const isUnderWay =
      before !== undefined &&
      turn.now - before.at < REPEAT_MS &&
      before.individuals.some((id) => open.includes(id));
    if (open.length === 0 || isUnderWay) continue;
    const { fence, epoch } = search;
    const subjects = open.map((id) => {
      const { genome, history } = search.individuals.get(id)!;
      return {
        individual: { id, genome: [...genome] },
        history: history.slice(-HISTORY_POINTS).map(([at, accuracy]) => ({ epoch: at, accuracy })),
      };
    });
    const snapshot = snapshotFor(turn, member);
    turn.tell('MeasureRequest', { name, incarnation, fence, epoch, snapshot, subjects }, name);
    next = { ...next, asked: new Map(next.asked).set(name, { individuals: open, at: turn.now }) };
  }
  return next;
}
