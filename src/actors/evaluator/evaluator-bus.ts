/** The bus thread of an evaluator: connection, presence, the work queue. */
import { loadOptions } from '../../config/load.js';
import { callMain, exposeInThread, threadData } from '../../runtime/process/thread.js';
import { trace } from '../../runtime/trace/trace.js';
import { joinBus } from '../setup/bus-access.js';
import type { Measurer } from '../worker/evaluation-taker.js';
import { takeEvaluations } from '../worker/evaluation-taker.js';
import type { Identity } from '../../protocol/worker/presence.js';
import { snapshotAccess } from '../worker/snapshot-access.js';
import { startPresence } from '../worker/presence.js';
import { runFolder } from '../../run/folder.js';
import { farewell, measurerOn, presenceTiming, tellWelcome } from '../worker/worker-bus.js';
import type { BusMain, BusThread } from '../worker/worker-process.js';

export interface EvaluatorBusData {
  readonly root: string;
  readonly identity: Identity;
}

trace.started();
const { root, identity } = threadData() as EvaluatorBusData;
const folder = runFolder(root);
const options = loadOptions({ file: folder.config });
const main = callMain<Measurer & BusMain>();
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
const presence = startPresence({
  bus,
  subjects,
  identity,
  timing: presenceTiming(options),
  position: () => null,
  onWelcome: (fence) => {
    taker.resume();
    tellWelcome(main, fence);
  },
  onRefused: (reason) => end.refuse(reason),
  onSilence: (isSilent) => end.silence(isSilent),
  onError,
});

const thread: BusThread = {
  untilEnd: () => end.closing([presence, taker]),
  leave: () =>
    end.leaveBy(async () => {
      await presence.leave();
      await taker.pause();
    }),
};
exposeInThread(thread);
