/** Names and times of a simulated run. Shorter than the defaults of a real one, in the same proportions. */
import type { JoiningPlan } from './plan.js';
import type { EvolutionSetup } from '#emars/protocol/evolution/evolution-state.js';
import type { ExchangeSetup, TrainerSetup } from '#emars/protocol/trainer/setup.js';
import type { TakerSetup } from '#emars/protocol/worker/evaluation-taker.js';
import type { PresenceSetup } from '#emars/protocol/worker/presence.js';
import type { SearchRules } from '#emars/search/state.js';
import { PROTOCOL } from '#emars/wire/messages.js';
import type { Plan } from './plan.js';

export const RUN = 'sim';
export const OPTIONS_DIGEST = '5e'.repeat(32);
export const INITIAL_SEED = 3;

/** Mean virtual milliseconds of what workers do; a single time lies within half of it and one and a half. */
export const SLOT_MS = 150;
export const MEASURE_MS = 200;
export const APPLY_MS = 4;
export const DISK_MS = 20;

export const WORKER_TICK_MS = 200;

export const QUEUE = { ackWaitMs: 3000 };
/** Deliveries after which an evaluation has failed: many more than in a real run, as there are more deaths. */
export const MAX_DELIVER = 16;
/** After which work on a replica hangs. */
export const HANG_MS = 60_000;

/** What of a plan evolution is set up by. */
interface EvolutionPlan {
  readonly search: { readonly rules: SearchRules };
  readonly objective: Pick<JoiningPlan, 'onLost'> | null;
  /** Default 0. */
  readonly doubleCheck?: number;
}

export function evolutionSetup(
  { search: { rules }, objective, doubleCheck = 0 }: EvolutionPlan,
  expectedTrainers: number,
): EvolutionSetup {
  const onLost = objective?.onLost ?? 'wait';
  return {
    rules,
    expectedTrainers,
    minTrainers: 0,
    doubleCheck,
    tolerant: false,
    objectives: { input: { slices: 8, size: 16 }, onLost, silenceMs: 3500 },
    timing: {
      leaseMs: 3000,
      adoptMs: 4500,
      repeatMs: 500,
      mutedMs: 10_000,
      boundaryMs: 20_000,
      silenceMs: 3500,
      gatherMs: 10_000,
      gatherAgainMs: 10_000,
      patienceMs: 600_000,
    },
  };
}

/** Tiny chunks, so that a vector is several, and a window that is soon full. */
const EXCHANGE: ExchangeSetup = {
  chunkBytes: 24,
  windowBytes: 144,
  creditBytes: 48,
  creditMs: 1000,
  chaseMs: 600,
};

export function trainerSetup(
  id: string,
  { search, hangMs }: Plan,
  { exchange = EXCHANGE, stateWords }: { readonly exchange?: ExchangeSetup; readonly stateWords: number },
): TrainerSetup {
  const { individualsPerStep, microBatches } = search.rules;
  return {
    id,
    individualsPerStep,
    microBatches,
    checkDigestEvery: 2,
    exchange,
    stateWords,
    behindMs: 6000,
    deadlines: {
      'load-epoch': hangMs,
      'join-epoch': hangMs,
      compute: hangMs,
      apply: hangMs,
      digest: hangMs,
      'write-snapshot': hangMs,
    },
  };
}

export function presenceSetup(
  id: string,
  role: 'trainer' | 'evaluator',
  { life, isForeign }: { readonly life: number; readonly isForeign: boolean },
): PresenceSetup {
  return {
    identity: {
      role,
      id,
      incarnation: `${id}-life-${life}`,
      pid: life,
      device: 'cpu',
      fingerprint: isForeign ? 'other' : 'simulated',
      seen: null,
      canary: 'ab'.repeat(32),
    },
    protocol: PROTOCOL,
    heartbeatMs: 500,
    askMs: 1000,
    silenceMs: 8000,
  };
}

export function takerSetup(worker: string, maxDeliver: number): TakerSetup {
  return { worker, maxDeliver, resultMs: 2000 };
}
