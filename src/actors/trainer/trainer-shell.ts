/** Shell of the trainer machine: its numbers, its subjects, its work. Lives in the bus thread. */
import type { Options } from '../../config/options.js';
import type { TrainerCommand, TrainerInput } from '../../protocol/trainer/commands.js';
import type { TrainerSetup } from '../../protocol/trainer/setup.js';
import type { TrainerState } from '../../protocol/trainer/trainer-state.js';
import { initialTrainer, positionOf } from '../../protocol/trainer/trainer-state.js';
import { step } from '../../protocol/trainer/trainer.js';
import type { Position } from '../../protocol/worker/presence.js';
import type { Bus, Handle } from '../../runtime/bus/bus.js';
import type { WorkTaker } from '../../runtime/bus/work-queue.js';
import { CHUNK_BYTES } from '../../wire/messages.js';
import type { Subjects } from '../../wire/subjects.js';
import { MachineShell } from '../worker/machine-shell.js';
import type { ReplicaWork } from './replica-work.js';
import { sendWithFailpoints } from './failing-sender.js';
import { StepTrace } from './step-trace.js';

const TICK_MS = 100;

/** What a run sets the trainer machine up with, besides what its configuration says. */
export const TRAINER_TIMING: Pick<TrainerSetup, 'exchange' | 'behindMs'> = {
  exchange: {
    chunkBytes: CHUNK_BYTES,
    windowBytes: 16 * 1024 * 1024,
    creditBytes: 4 * 1024 * 1024,
    creditMs: 2000,
    chaseMs: 700,
  },
  behindMs: 8000,
};

/** What takes longer than its deadline never ends; a slot takes the longest, as it is computed. */
export function deadlinesOf({ runtime }: Options): TrainerSetup['deadlines'] {
  const weightsMs = 1000 * runtime.hangSeconds;
  return {
    'load-epoch': weightsMs,
    'join-epoch': weightsMs,
    compute: 3 * weightsMs,
    apply: weightsMs,
    digest: weightsMs,
    'write-snapshot': weightsMs,
  };
}

export interface TrainerParts {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly setup: TrainerSetup;
  readonly work: Pick<ReplicaWork, 'run' | 'copy'>;
  /** Evaluations are taken between epochs only. */
  readonly taker: Pick<WorkTaker, 'pause' | 'resume'>;
  /** This process cannot go on. */
  readonly onError: (error: unknown) => void;
}

export interface RunningTrainer extends Handle {
  welcome(fence: number): void;
  position(): Position;
}

export function startTrainer({ bus, subjects, setup, work, taker, onError }: TrainerParts): RunningTrainer {
  const steps = new StepTrace();
  const start = (command: TrainerCommand): void => {
    switch (command.kind) {
      case 'pause-evaluations':
        void taker.pause().then(() => shell.take({ kind: 'evaluations-paused' }));
        break;
      case 'resume-evaluations':
        taker.resume();
        break;
      case 'copy-state':
        // At once, before anything else can move the weights.
        shell.take({ kind: 'state-copied', copy: work.copy() });
        break;
      case 'fail':
        onError(new Error(command.reason));
        break;
      default: {
        const traced = steps.begun(command);
        void work.run(command).then((end) => {
          traced();
          shell.take(end);
        }, onError);
      }
    }
  };
  const shell = new MachineShell<TrainerState, TrainerInput, TrainerCommand>({
    bus,
    subjects,
    client: { role: 'trainer', id: setup.id },
    initial: initialTrainer,
    step: (state, input, now) => step(setup, state, input, now),
    start,
    send: sendWithFailpoints,
    tick: { everyMs: TICK_MS, input: () => ({ kind: 'tick' }) },
    onError,
  });
  shell.listen('Directive', subjects.directive, (received) => received);
  shell.listen('GradientChunk', subjects.gradient, (received) => received);
  shell.listen('Credit', subjects.credit(setup.id), (received) => received);
  shell.listen('ChunkRequest', subjects.chunkRequest(setup.id), (received) => received);
  shell.listen('StateRequest', subjects.stateRequest(setup.id), (received) => received);
  shell.listen('StateChunk', subjects.state(setup.id), (received) => received);
  return {
    welcome: (fence) => shell.take({ kind: 'welcomed', fence }),
    position: () => positionOf(shell.state),
    close: () => shell.close(),
  };
}
