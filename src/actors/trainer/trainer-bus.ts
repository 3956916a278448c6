/** The bus thread of a trainer: connection, presence, training protocol, evaluations in between. */
import { loadOptions } from '../../config/load.js';
import { callMain, exposeInThread, threadData } from '../../runtime/process/thread.js';
import { superNetOf } from '../../space/layout.js';
import { Replica } from '../../training/replica.js';
import { joinBus } from '../setup/bus-access.js';
import type { Measurer } from '../worker/evaluation-taker.js';
import { takeEvaluations } from '../worker/evaluation-taker.js';
import type { Identity } from '../worker/presence.js';
import { Presence } from '../worker/presence.js';
import { learningRateOf, optimizerOf, samplingOf, spaceOf } from '../setup/rules.js';
import { runFolder } from '../../run/folder.js';
import { readSides } from '../../run/sides.js';
import type { SlotComputer } from './trainer-protocol.js';
import { TrainerProtocol } from './trainer-protocol.js';
import { farewell, measurerOf, presenceTiming } from '../worker/worker-bus.js';

export interface TrainerBusData {
  readonly root: string;
  readonly identity: Identity;
  /** Memory of the replica, and of the slot vector that the TensorFlow thread fills. */
  readonly memory: SharedArrayBuffer;
  readonly vector: SharedArrayBuffer;
}

/** A slot takes seconds; one that takes this long never ends. */
const SLOT_MS = 1_800_000;

const { root, identity, memory, vector } = threadData() as TrainerBusData;
const folder = runFolder(root);
const options = loadOptions({ file: folder.config });
const sides = await readSides(folder.split);
const net = superNetOf(spaceOf(options, sides.classes.length));
const main = callMain<SlotComputer & Measurer>();
const { bus, subjects } = await joinBus(folder.bus, identity.id);
const end = farewell(bus, subjects);

const taker = takeEvaluations(bus, subjects, identity.id, measurerOf(main, options));
const protocol = new TrainerProtocol(
  bus,
  subjects,
  {
    id: identity.id,
    net,
    sampling: samplingOf(options),
    individualsPerStep: options.training.individualsPerStep,
    snapshots: folder.snapshots,
    checkDigestEvery: options.runtime.checkDigestEvery,
  },
  new Replica({
    layout: net.layout,
    optimizer: optimizerOf(options),
    rate: learningRateOf(options, sides.training.length),
    memory,
  }),
  new Float32Array(vector),
  {
    initialise: () => main.call(SLOT_MS, (api) => api.initialise()),
    computeSlot: (key, genome) => main.call(SLOT_MS, (api) => api.computeSlot(key, genome)),
  },
  async (busy) => {
    if (busy) await taker.pause();
    else taker.resume();
  },
  (error) => end.fail(error),
);
new Presence(
  bus,
  subjects,
  identity,
  () => protocol.position(),
  presenceTiming(options),
  () => protocol.becomeWelcome(),
  (error) => end.refuse(error),
);

exposeInThread({ untilFarewell: () => end.reached });
