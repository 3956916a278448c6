/** The bus thread of a trainer: connection, presence, the trainer machine, evaluations in between. */
import { loadOptions } from '../../config/load.js';
import type { Identity } from '../../protocol/worker/presence.js';
import { callMain, exposeInThread, threadData } from '../../runtime/process/thread.js';
import { trace } from '../../runtime/trace/trace.js';
import { Replica, snapshotBytes } from '../../training/replica.js';
import { stepArithmetic } from '../../training/step-arithmetic.js';
import { runFolder } from '../../run/folder.js';
import { joinBus } from '../setup/bus-access.js';
import { individualsPerStepOf, learningRateOf, netOf, optimizerOf, samplingOf } from '../setup/rules.js';
import { readSides } from '../../run/sides.js';
import type { Measurer } from '../worker/evaluation-taker.js';
import { takeEvaluations } from '../worker/evaluation-taker.js';
import { snapshotAccess } from '../worker/snapshot-access.js';
import { startPresence } from '../worker/presence.js';
import { farewell, measurerOn, presenceTiming, tellWelcome } from '../worker/worker-bus.js';
import type { BusMain, BusThread } from '../worker/worker-process.js';
import type { SlotComputer } from './replica-work.js';
import { ReplicaWork } from './replica-work.js';
import { deadlinesOf, startTrainer, TRAINER_TIMING } from './trainer-shell.js';

export interface TrainerBusData {
  readonly root: string;
  readonly identity: Identity;
  /** Memory of the replica, and of the slot vector that the TensorFlow thread fills. */
  readonly memory: SharedArrayBuffer;
  readonly vector: SharedArrayBuffer;
  /** Path of the native kernels where they are; null: none are. The bits are the same. */
  readonly addon: string | null;
}

trace.started();
const { root, identity, memory, vector, addon } = threadData() as TrainerBusData;
const folder = runFolder(root);
const options = loadOptions({ file: folder.config });
const sides = await readSides(folder.split);
const net = netOf(options, sides.classes.length);
const { batch, microBatches } = samplingOf(options);
const main = callMain<SlotComputer & Measurer & BusMain>();
const { bus, subjects } = await trace.during('start', 'join the bus', () => joinBus(folder.bus, identity));
const end = farewell(bus, subjects, main);
const onError = (error: unknown): void => end.fail(error);
const snapshots = await snapshotAccess(root, bus, subjects);

const taker = takeEvaluations({
  bus,
  subjects,
  client: identity,
  measurer: measurerOn(main, options, snapshots, onError),
  onError,
});
const deadlines = deadlinesOf(options);
const work = new ReplicaWork({
  net,
  replica: new Replica({
    layout: net.layout,
    optimizer: optimizerOf(options),
    rate: learningRateOf(options, sides.training.length),
    divide: options.cohort === null ? 'by-step' : 'by-touch',
    arithmetic: stepArithmetic(net.layout.parameters, addon),
    memory,
  }),
  slotVector: new Float32Array(vector),
  computer: {
    initialise: () => main.call(deadlines.compute, (api) => api.initialise()),
    computeSlot: (key, genome) => main.call(deadlines.compute, (api) => api.computeSlot(key, genome)),
  },
  snapshots: { folder: folder.snapshots, ensure: (sha256) => snapshots.ensure(sha256) },
  slotSamples: batch / microBatches,
});
const trainer = startTrainer({
  bus,
  subjects,
  setup: {
    id: identity.id,
    individualsPerStep: individualsPerStepOf(options),
    microBatches,
    checkDigestEvery: options.runtime.checkDigestEvery,
    stateWords: snapshotBytes(net.layout, optimizerOf(options)) / 4,
    ...TRAINER_TIMING,
    deadlines,
  },
  work,
  taker,
  onError,
});
const presence = startPresence({
  bus,
  subjects,
  identity,
  timing: presenceTiming(options),
  position: () => trainer.position(),
  onWelcome: (fence) => {
    trainer.welcome(fence);
    tellWelcome(main, fence);
  },
  onRefused: (reason) => end.refuse(reason),
  onSilence: (isSilent) => end.silence(isSilent),
  onError,
});

const thread: BusThread = {
  untilEnd: () => end.closing([presence, trainer, taker]),
  leave: () =>
    end.leaveBy(async () => {
      await presence.leave();
      // Else it would take evaluations again, with nothing to train.
      trainer.close();
      await taker.pause();
    }),
};
exposeInThread(thread);
