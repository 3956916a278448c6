/** The faults of a seed: which, when, whom. A function of the seed alone. */
import type { Generator } from '#emars/random/generator.js';
import type { Fault, KillPoint, TailFate } from './fault.js';

export interface Cast {
  readonly trainers: readonly string[];
  readonly evaluators: readonly string[];
  readonly objectives: readonly string[];
}

/** Faults begin within this time of the start; an undisturbed run takes about as long. */
const HORIZON_MS = 8000;

/** Faults come in moods, so that some seeds are about one thing and others about all at once. */
const MOODS: readonly Mood[] = ['network', 'kills', 'evolution', 'silence', 'broker', 'wrong', 'all', 'all'];
type Mood = 'network' | 'kills' | 'evolution' | 'silence' | 'broker' | 'wrong' | 'all';

export function drawFaults(random: Generator, cast: Cast): Fault[] {
  const mood = random.pick(MOODS);
  if (mood === 'wrong' && cast.trainers.length > 1) return wrongArithmetic(random, cast);
  const count = 1 + random.integer(mood === 'all' ? 10 : 6);
  return Array.from({ length: count }, () => draw(random, mood, cast)).sort((a, b) => a.at - b.at);
}

/** Trainers that come late, workers that leave and come back; in half of the seeds. */
export function drawAttendance(
  random: Generator,
  { trainers, evaluators }: Cast,
): { readonly late: number; readonly faults: readonly Fault[] } {
  if (random.chance(0.5)) return { late: 0, faults: [] };
  const late = random.integer(3);
  const joins = Array.from({ length: late }, (_, i): Fault => ({
    kind: 'join',
    at: moment(random),
    actor: `trainer-${trainers.length + i}`,
  }));
  const workers = [...trainers, ...evaluators];
  const leaves = Array.from({ length: random.integer(3) }, (_, i): Fault => ({
    kind: 'leave',
    ...window(random, 6000),
    actor: workers[(random.integer(workers.length) + i) % workers.length]!,
  }));
  return { late, faults: [...joins, ...leaves] };
}

/** Wishes to stop, and how many trainers the run is resumed with then; in a third of the seeds. */
export function drawDrains(random: Generator, { trainers }: Cast): Fault[] {
  if (!random.chance(1 / 3)) return [];
  return Array.from({ length: 1 + random.integer(2) }, () => ({
    kind: 'drain' as const,
    at: moment(random),
    ms: 200 + 2000 * random.uniform(),
    trainers: random.chance(0.5) ? 1 + random.integer(trainers.length) : null,
  }));
}

function draw(random: Generator, mood: Mood, cast: Cast): Fault {
  switch (mood) {
    case 'network':
      return drawNetwork(random, cast);
    case 'kills':
      return drawKill(random, random.pick([...workersOf(cast), 'evolution']));
    case 'evolution':
      return drawKill(random, 'evolution');
    case 'silence':
      return drawSilence(random, cast);
    case 'broker':
      return random.chance(0.6) ? drawBroker(random) : drawNetwork(random, cast);
    case 'wrong':
      return badGradient(random, cast);
    case 'all':
      return random.pick([
        () => drawNetwork(random, cast),
        () => drawKill(random, random.pick([...workersOf(cast), 'evolution', 'evolution'])),
        () => drawSilence(random, cast),
        () => drawBroker(random),
        () => badGradient(random, cast),
        () => powerCut(random, cast),
        () => diskFull(random),
        () => slow(random, cast),
      ])();
  }
}

function workersOf({ trainers, evaluators, objectives }: Cast): string[] {
  return [...trainers, ...evaluators, ...objectives];
}

function window(random: Generator, longest: number): { at: number; ms: number } {
  return { at: moment(random), ms: 50 + random.uniform() * (longest - 50) };
}

function moment(random: Generator): number {
  return random.uniform() * HORIZON_MS;
}

function drawNetwork(random: Generator, cast: Cast): Fault {
  const kind = random.pick(['drop', 'drop', 'duplicate', 'damage', 'delay', 'reorder', 'partition'] as const);
  switch (kind) {
    case 'drop':
    case 'duplicate':
    case 'damage':
      return { kind, ...window(random, 6000), share: 0.02 + 0.5 * random.uniform() ** 2 };
    case 'delay':
    case 'reorder':
      return { kind, ...window(random, 6000), by: 20 + 3000 * random.uniform() ** 3 };
    case 'partition':
      return drawPartition(random, cast);
  }
}

function drawPartition(random: Generator, cast: Cast): Fault {
  const actor = random.pick([...workersOf(cast), 'evolution']);
  const direction = random.pick(['both', 'in', 'out'] as const);
  return { kind: 'partition', ...window(random, 9000), actor, direction };
}

function drawSilence(random: Generator, cast: Cast): Fault {
  if (random.chance(0.4)) return drawPartition(random, cast);
  if (random.chance(0.3)) return slow(random, cast);
  if (random.chance(0.2))
    return { kind: 'mute', ...window(random, 14_000), actor: random.pick(cast.trainers) };
  const actor = random.pick([...workersOf(cast), 'evolution']);
  return { kind: 'pause', ...window(random, 9000), actor };
}

function drawBroker(random: Generator): Fault {
  return { kind: 'broker', ...window(random, 5000), wiped: random.chance(0.5) };
}

function drawKill(random: Generator, actor: string): Fault {
  const points: readonly KillPoint[] =
    actor === 'evolution'
      ? ['now', 'recorded', 'recorded', 'decided', 'half-sent']
      : actor.startsWith('trainer')
        ? ['now', 'decided', 'half-sent', 'done-work']
        : ['now', 'half-sent', 'done-work'];
  return { kind: 'kill', at: moment(random), actor, point: random.pick(points), tail: tailFate(random) };
}

function powerCut(random: Generator, cast: Cast): Fault {
  return {
    kind: 'power-cut',
    at: moment(random),
    ms: 200 + 2000 * random.uniform(),
    cause: 'a power cut',
    tail: tailFate(random),
    trainers: random.chance(0.5) ? 1 + random.integer(cast.trainers.length) : null,
  };
}

function diskFull(random: Generator): Fault {
  return { kind: 'disk-full', ...window(random, 3000) };
}

function slow(random: Generator, cast: Cast): Fault {
  const actor = random.pick(workersOf(cast));
  return { kind: 'slow', ...window(random, 8000), actor, factor: 3 + 60 * random.uniform() };
}

function tailFate(random: Generator): TailFate {
  const kind = random.pick(['kept', 'torn', 'torn', 'flipped'] as const);
  switch (kind) {
    case 'kept':
      return { kind };
    case 'torn':
      return { kind, share: random.uniform() };
    case 'flipped':
      return { kind, at: random.integer(4096), bit: random.integer(8) };
  }
}

function badGradient(random: Generator, cast: Cast): Fault {
  return { kind: 'bad-gradient', at: moment(random), actor: random.pick(cast.trainers) };
}

/**
 * A wrong bit in one replica is found by comparing it with another. Together with faults that could take
 * the others away it could not be found at all (docs/guides/faults.md, "Not covered"), so it comes alone.
 */
function wrongArithmetic(random: Generator, cast: Cast): Fault[] {
  const weights: Fault = { kind: 'weights', at: moment(random), actor: random.pick(cast.trainers) };
  return [weights, ...Array.from({ length: random.integer(3) }, () => badGradient(random, cast))];
}

/**
 * One trainer computes wrongly from some moment on. Two that are right must be there to tell, so it comes with no fault
 * that takes trainers away; null where there are too few.
 */
export function drawLies(random: Generator, cast: Cast): Fault[] | null {
  if (cast.trainers.length < 3) return null;
  // Early, so that a search is left for it.
  const at = moment(random) / 4;
  const lie: Fault = { kind: 'lie', at, actor: random.pick(cast.trainers) };
  const network = Array.from({ length: random.integer(3) }, (): Fault => {
    const kind = random.pick(['drop', 'duplicate', 'damage'] as const);
    return { kind, ...window(random, 3000), share: 0.2 * random.uniform() };
  });
  return [lie, ...network].sort((a, b) => a.at - b.at);
}
