/**
 * What each message of `proto/emars.proto` may hold: a schema a message, a kind with its limits a field.
 * The compiler checks in messages.ts that no field of the generated messages is missing here.
 */
import { z } from 'zod';
import {
  bytes,
  count,
  digest,
  digestOrNull,
  fileDigest,
  fileDigestOrNull,
  genomeId,
  list,
  messageOrNull,
  name,
  objectiveName,
  quantityOrNull,
  reasonOrNull,
  roleAndId,
  shown,
  textOrNull,
  title,
  token,
  wordOrNull,
} from './fields.js';
import { individual, objectiveSchemas } from './objective-schemas.js';

export { HISTORY_POINTS, SUBJECTS } from './objective-schemas.js';

/** Bytes of a gradient chunk's payload (measured: larger chunks are slower, `docs/benchmarks.md`). */
export const CHUNK_BYTES = 512 * 1024;

/** What is kept of a message that nobody can use. */
export const DEAD_LETTER_BYTES = 4096;

/** Chunks that one request names; more are asked for as "all". */
export const REQUEST_CHUNKS = 1000;

/** Chunks of the learned state that one request names. */
export const STATE_CHUNKS = 64;

export const ROLES = ['trainer', 'evaluator'] as const;
export type Role = (typeof ROLES)[number];

/** Where a run stands, for those who watch. */
export const RUN_PHASES = ['preparing', 'warm-up', 'search', 'evaluating', 'done', 'failed'] as const;
export type RunPhase = (typeof RUN_PHASES)[number];

/** What a run spends its time on. */
export const WORK_PHASES = ['train', 'evaluate', 'select', 'done'] as const;
export type WorkPhase = (typeof WORK_PHASES)[number];

/** Contents that one request for supplies names. */
export const SUPPLIES = 64;

const WORKERS = 10_000;
const SLOTS = 10_000;
const INDIVIDUALS = 100_000;
const SCHEDULE = 500_000;
const CONFUSION = 10_000;
const JOININGS = 256;
const DEVICES = 64;

const role = z.enum(ROLES);
const attempt = { fence: count, owner: token, number: count };
const position = z.object({ epoch: count, appliedStep: count });
const lease = z.object({ slot: count, ...attempt, diverged: z.boolean() });
const heldSlot = z.object({ slot: count, ...attempt, digest: digestOrNull, bad: reasonOrNull });
const committedSlot = z.object({ slot: count, ...attempt, digest: digestOrNull, diverged: z.boolean() });
const commit = z.object({ step: count, slots: list(committedSlot, SLOTS) });
const epochPlan = z.object({
  snapshot: fileDigestOrNull,
  firstStep: count,
  individuals: list(individual, INDIVIDUALS),
  schedule: list(count, SCHEDULE),
  startStep: count,
});
const stepPlan = z.object({
  step: count,
  stepInEpoch: count,
  leases: list(lease, SLOTS),
  checks: list(z.object({ slot: count, owner: token }), SLOTS),
  commit: messageOrNull(commit),
  joining: messageOrNull(z.object({ trainers: list(token, WORKERS), plan: messageOrNull(epochPlan) })),
});
const epochEnd = z.object({ commit: messageOrNull(commit), writer: token });
const device = { visible: shown, uuid: shown, name: shown, memoryMb: count };
const deviceSeen = z.object({ ...device, tensorflow: list(shown, DEVICES) });
const workerStatus = z.object({
  id: token,
  role: wordOrNull(ROLES),
  slots: count,
  evaluations: count,
  alive: z.boolean(),
  joinedAtStep: quantityOrNull,
  stepSeconds: quantityOrNull,
  device: shown,
  seen: messageOrNull(deviceSeen),
  quarantined: reasonOrNull,
});
const supplied = z.object({
  sha256: fileDigest,
  bytes: z
    .number()
    .min(0)
    .max(2 ** 40),
  ready: z.boolean(),
});
const objectiveStatus = z.object({
  name: objectiveName,
  since: count,
  alive: z.boolean(),
  failures: count,
  left: count,
  reason: reasonOrNull,
});

export const schemas = {
  RunsRequest: z.object({ protocol: count }),
  RunInfo: z.object({
    protocol: count,
    run: token,
    name: title,
    version: name,
    config: fileDigest,
    phase: z.enum(RUN_PHASES),
    epoch: count,
    epochs: count,
    trainers: count,
    evaluators: count,
    kernels: textOrNull,
    deadLetters: count,
  }),
  SupplyRequest: z.object({ contents: list(fileDigest, SUPPLIES) }),
  SupplyReply: z.object({ manifest: fileDigestOrNull, contents: list(supplied, SUPPLIES) }),
  Hello: z.object({
    protocol: count,
    role,
    id: token,
    incarnation: token,
    pid: count,
    device: name,
    fingerprint: name,
    canary: digest,
    position: messageOrNull(position),
    seen: messageOrNull(deviceSeen),
  }),
  Welcome: z.object({ accepted: z.boolean(), reason: reasonOrNull, fence: count }),
  RollCall: z.object({ fence: count, present: list(token, WORKERS) }),
  Heartbeat: z.object({ id: token, role, incarnation: token, fence: count }),
  Leave: z.object({ id: token, incarnation: token, fence: count }),
  Directive: z.object({
    fence: count,
    epoch: count,
    members: list(token, WORKERS),
    plan: messageOrNull(epochPlan),
    step: messageOrNull(stepPlan),
    end: messageOrNull(epochEnd),
  }),
  EpochReady: z.object({ id: token, fence: count, epoch: count, error: reasonOrNull }),
  GradientChunk: z.object({
    ...attempt,
    step: count,
    slot: count,
    index: count,
    count,
    length: count,
    sent: count,
    dtype: z.literal('f32'),
    payload: bytes(CHUNK_BYTES),
  }),
  Credit: z.object({ from: token, sent: count }),
  ChunkRequest: z.object({
    from: token,
    fence: count,
    step: count,
    slot: count,
    number: count,
    missing: list(count, REQUEST_CHUNKS),
  }),
  StateRequest: z.object({ from: token, fence: count, step: count, chunks: list(count, STATE_CHUNKS) }),
  StateChunk: z.object({
    from: token,
    fence: count,
    step: count,
    index: count,
    length: count,
    digest,
    payload: bytes(CHUNK_BYTES),
  }),
  SlotsHeld: z.object({
    id: token,
    fence: count,
    step: count,
    held: list(heldSlot, SLOTS),
    appliedStep: count,
    behind: z.boolean(),
    stateDigest: digestOrNull,
    checked: list(z.object({ slot: count, digest: digestOrNull, bad: reasonOrNull }), SLOTS),
  }),
  EpochTrained: z.object({
    id: token,
    fence: count,
    epoch: count,
    sha256: fileDigestOrNull,
    written: z.boolean(),
    error: reasonOrNull,
  }),
  EvaluationRequest: z.object({ epoch: count, snapshot: fileDigest, individual, objective: name }),
  EvaluationResult: z.object({
    epoch: count,
    snapshot: fileDigest,
    individual: genomeId,
    objective: name,
    worker: token,
    value: z.number(),
    confusion: list(count, CONFUSION),
    error: reasonOrNull,
    deliveries: count,
  }),
  Receipt: z.object({ accepted: z.boolean() }),
  ...objectiveSchemas,
  Status: z.object({
    phase: z.enum(RUN_PHASES),
    epoch: count,
    epochs: count,
    step: count,
    steps: count,
    evaluated: count,
    evaluations: count,
    etaSeconds: quantityOrNull,
    bestAccuracy: quantityOrNull,
    frontSize: count,
    trainersAlive: count,
    trainers: count,
    workers: list(workerStatus, WORKERS),
    repeatedSlots: count,
    duplicateResults: count,
    rolledBack: count,
    phases: list(z.object({ name: z.enum(WORK_PHASES), seconds: z.number() }), WORK_PHASES.length),
    error: reasonOrNull,
    absoluteStep: count,
    checkedSlots: count,
    objectives: list(objectiveStatus, JOININGS),
  }),
  DeadLetter: z.object({
    expected: name,
    subject: shown,
    reason: reasonOrNull,
    size: count,
    count,
    head: bytes(DEAD_LETTER_BYTES),
    by: roleAndId,
  }),
  Farewell: z.object({ reason: reasonOrNull }),
} as const;
