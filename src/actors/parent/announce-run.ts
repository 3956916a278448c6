/** Answers who asks the bus which runs are at work: `emars runs`, and workers that look for one. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { RunFolder } from '../../run/folder.js';
import type { Bus, Handle } from '../../runtime/bus/bus.js';
import type { Message } from '../../wire/messages.js';
import { encode, PROTOCOL } from '../../wire/messages.js';
import { RUNS_SUBJECT } from '../../wire/subjects.js';
import { Listening } from '../setup/listening.js';

export interface AnnouncedRun {
  /** Id on the bus. */
  readonly run: string;
  readonly folder: RunFolder;
  /** Of EMARS. */
  readonly version: string;
  /** Digest of the native kernels that the run computes by; null: TensorFlow. */
  readonly kernelsId: string | null;
  /** Dead letters so far. */
  readonly deadLetters: () => number;
}

export interface Announcement extends Handle {
  /** The newest status of the run. */
  take(status: Message<'Status'>): void;
}

/** Answers until the handle is closed. Errors: of the file system, where there is no config.yaml. */
export async function announceRun(bus: Bus, about: AnnouncedRun): Promise<Announcement> {
  const { run, folder, version, kernelsId, deadLetters } = about;
  const config = createHash('sha256')
    .update(await readFile(folder.config))
    .digest('hex');
  const fixed = { protocol: PROTOCOL, run, name: titleOf(folder), version, config, kernels: kernelsId };
  let last: Message<'Status'> | null = null;
  const listening = new Listening(bus);
  listening.on('RunsRequest', RUNS_SUBJECT, ({ reply }) => {
    const now = { ...progressOf(last), deadLetters: deadLetters() };
    if (reply !== null) bus.respond(reply, encode('RunInfo', { ...fixed, ...now }));
  });
  return { take: (status) => (last = status), close: () => listening.close() };
}

function progressOf(status: Message<'Status'> | null): Pick<Message<'RunInfo'>, Progress> {
  if (status === null) return { phase: 'preparing', epoch: 0, epochs: 0, trainers: 0, evaluators: 0 };
  const { phase, epoch, epochs, workers } = status;
  const count = (role: string): number =>
    workers.filter((worker) => worker.alive && worker.role === role).length;
  return { phase, epoch, epochs, trainers: count('trainer'), evaluators: count('evaluator') };
}

type Progress = 'phase' | 'epoch' | 'epochs' | 'trainers' | 'evaluators';

/** What people call the run: the name of its folder, without what no terminal should be sent. */
function titleOf({ root }: RunFolder): string {
  return basename(root).replace(/\p{C}/gu, '?').slice(0, 200) || 'run';
}
