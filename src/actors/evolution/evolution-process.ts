/**
 * The evolution process: opens journal and bus, and runs the evolution actor.
 *
 *   node dist/actors/evolution/evolution-process.js RUN_FOLDER EXPECTED_TRAINERS MIN_TRAINERS
 */
import { loadOptions } from '../../config/load.js';
import { optionsHash } from '../../config/describe.js';
import type { Options } from '../../config/options.js';
import { guardAgainstOrphaning } from '../../runtime/process/orphan-guard.js';
import { acquireRunLock } from '../../runtime/storage/run-lock.js';
import { startThread } from '../../runtime/process/thread.js';
import { trace } from '../../runtime/trace/trace.js';
import { keepRecordStream } from '../../runtime/bus/record-stream.js';
import { declareWorkQueue } from '../../runtime/bus/work-queue.js';
import { joinBus } from '../setup/bus-access.js';
import { EVALUATION_QUEUE } from '../worker/evaluation-taker.js';
import { initialEvolution } from '../../protocol/evolution/evolution-state.js';
import type { EvolutionTiming } from '../../protocol/evolution/evolution-state.js';
import { monotonicMs } from '../../runtime/process/monotonic.js';
import { EvolutionShell } from './evolution-shell.js';
import { evolutionWork } from './evolution-work.js';
import type { ObjectiveThread, ObjectiveThreadData } from './objective-thread.js';
import { describeObjectives, OwnObjectives } from '../objective/own-objectives.js';
import { objectiveRules } from '../setup/objective-rules.js';
import { netOf, optimizerOf, searchRulesOf } from '../setup/rules.js';
import { snapshotBytes } from '../../training/replica.js';
import { takeState } from './take-state.js';
import type { LocalSubject } from '../../protocol/evolution/commands.js';
import type { SearchRules } from '../../search/state.js';
import { kindOf } from '../../errors/error.js';
import { DRAINED_EXIT, processExit, TERMINATED_EXIT } from '../../errors/exit-codes.js';
import { dataDigest } from '../../run/data-record.js';
import { runFolder } from '../../run/folder.js';
import { openSearch } from './search-journal.js';
import { readSides } from '../../run/sides.js';
import { measurementMs } from '../worker/worker-bus.js';
import { DRAIN } from './drain.js';
import { textOf } from '../../errors/text.js';

/** A worker that beats but says nothing of its step for so long is left out. */
const MUTED_MS = 120_000;
/** The same at the beginning and end of its epoch, in deadlines of its work there: it ends itself before. */
const BOUNDARIES = 3;
/** How long a search that goes on waits for all its trainers. */
const GATHER_AGAIN_MS = 30_000;
/** Dead letters that the broker keeps. */
const DEAD_LETTERS = 1000;

function timingOf({ runtime }: Options): EvolutionTiming {
  const waitMs = 1000 * runtime.waitForTrainersSeconds;
  return {
    leaseMs: 1000 * runtime.leaseSeconds,
    adoptMs: 1000 * runtime.silenceSeconds + 1000,
    repeatMs: 1000,
    mutedMs: MUTED_MS,
    boundaryMs: BOUNDARIES * 1000 * runtime.hangSeconds,
    silenceMs: 1000 * runtime.silenceSeconds,
    gatherMs: waitMs,
    gatherAgainMs: GATHER_AGAIN_MS,
    patienceMs: waitMs,
  };
}

/** What `measure` of a user's module is called with. */
function ownSubject(
  { objectives, space }: SearchRules,
  { input }: Options,
  name: string,
  { genome, history }: LocalSubject,
): object {
  const needs = objectives.find((rule) => rule.name === name)?.needs;
  return needs === 'history' ? { history } : { space, genome, input };
}

/** Resolves to the exit code. */
async function main(): Promise<number> {
  guardAgainstOrphaning();
  trace.started();
  const [root, trainers, minTrainers] = process.argv.slice(2) as [string, string, string];
  const folder = runFolder(root);
  const lock = await acquireRunLock(folder.evolutionLock);
  const options = loadOptions({ file: folder.config });
  const sides = await readSides(folder.split);
  const rules = searchRulesOf(
    options,
    objectiveRules(options, await describeObjectives(options)),
    sides.training.length,
    sides.classes.length,
  );
  const { bus, subjects, run } = await joinBus(folder.bus, { role: 'evolution', id: 'evolution' });
  const opening = trace.now();
  const { journal, search, tally } = await openSearch(folder.journal, rules, {
    run,
    optionsHash: optionsHash(options),
    dataDigest: await dataDigest(folder),
  });
  trace.span('start', 'open the journal', opening);
  const queue = await declareWorkQueue(bus, {
    stream: subjects.evaluationStream,
    subject: subjects.evaluate,
    ...EVALUATION_QUEUE,
    // What a broker loses is put on the queue again, and a stream on a disk that was full once takes nothing
    // any more (docs/decisions/0172).
    storage: 'memory',
  });
  const dead = await keepRecordStream(bus, {
    stream: subjects.deadStream,
    subject: subjects.dead,
    mostMessages: DEAD_LETTERS,
    mostBytes: DEAD_LETTERS * 8192,
  });
  const data: ObjectiveThreadData = { config: folder.config, classes: sides.classes.length };
  const objectives = startThread<ObjectiveThread>(new URL('./objective-thread.js', import.meta.url), {
    workerData: data,
  });
  const { layout } = netOf(options, sides.classes.length);
  const stateWords = snapshotBytes(layout, optimizerOf(options)) / 4;
  const own = new OwnObjectives(options, null);
  const shell = new EvolutionShell(
    {
      setup: {
        rules,
        timing: timingOf(options),
        expectedTrainers: Math.max(Number(trainers), Number(minTrainers)),
        minTrainers: Number(minTrainers),
        objectives: {
          input: options.input,
          onLost: options.joining.onLost,
          silenceMs: 1000 * options.joining.silenceSeconds,
        },
        doubleCheck: options.runtime.doubleCheck,
        tolerant: options.engine.numerics === 'tolerant',
      },
      journal,
      bus,
      subjects,
      work: evolutionWork({
        folder,
        rules,
        queue,
        measure: (name, subject) =>
          own.has(name)
            ? own.measure(name, ownSubject(rules, options, name, subject))
            : objectives.call(measurementMs(options, name), (api) => api.measure(name, subject)),
        takeState: (holders) => takeState(bus, subjects, holders, stateWords),
      }),
      say: (line) => process.stdout.write(`${line}\n`),
    },
    initialEvolution(search, tally, monotonicMs()),
  );
  const close = async (): Promise<void> => {
    shell.close();
    dead.close();
    own.close();
    await objectives.stop();
    await bus.close();
    await journal.close();
    await lock.release();
  };
  process.once('SIGTERM', () => void close().finally(() => process.exit(TERMINATED_EXIT)));
  process.on('message', (message) => {
    if (message === DRAIN) shell.stopAfterStep();
  });
  shell.start();
  const end = await shell.done;
  await queue.remove();
  await dead.remove();
  await close();
  return end === 'done' ? 0 : DRAINED_EXIT;
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`${textOf(error)}\n`);
  process.exit(processExit(kindOf(error) ?? 'internal'));
}
