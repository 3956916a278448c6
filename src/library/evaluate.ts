/**
 * An individual of a run on scans that the search has not seen. TensorFlow reads its environment when a
 * process starts and blocks its thread while it computes, so this is done in a process of its own.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readOptions } from '../run/config.js';
import { runFolder } from '../run/folder.js';
import { tensorEnvironment } from '../tensor/environment.js';
import type { EvaluationMessage, EvaluationTask } from './evaluation-messages.js';
import { carriedError } from './evaluation-messages.js';
import type { ScanEvaluation } from './evaluate-scans.js';
import { nativeParts } from './native-parts.js';
import { requireFolder } from './request.js';
import { requireRun } from './run-argument.js';

/** Which individual of which run predicts which scans. */
export interface EvaluationRequest {
  /** Folder of a run with at least one evaluated epoch. */
  readonly run: string;
  /** Folder of scans, in any layout that a search reads; its classes must be among the run's. */
  readonly data: string;
  /** An individual of the last epoch, by the first digits of its id. Default: the most accurate one. */
  readonly id?: string | undefined;
  /** Told of scans read, and of all of them. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Told, in lines for people, what is brought on the first use of a machine. */
  readonly onProviding?: ((text: string, passing: boolean) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const PROCESS = fileURLToPath(new URL('./evaluate-process.js', import.meta.url));

/**
 * Predicts every scan of `data`. Weights and normalisation are the run's: only the scans are others.
 *
 * Errors: RequestError and NotARun for a run or data that are not there; ScanError and the like for scans
 * that cannot be read, EvaluationUnfit for other classes or an id that is none; the reason of `signal`.
 */
export async function evaluate(request: EvaluationRequest): Promise<ScanEvaluation> {
  const { run, data, id = null, onProgress, onProviding, signal = new AbortController().signal } = request;
  const folder = runFolder(resolve(run));
  requireRun(run);
  requireFolder(data, 'a folder of scans');
  const { threads } = readOptions(folder).engine;
  await nativeParts(onProviding ?? (() => undefined), signal);
  return inProcess({ run: folder.root, data: resolve(data), id }, { threads, onProgress, signal });
}

interface Surroundings {
  readonly threads: number;
  readonly onProgress: EvaluationRequest['onProgress'];
  readonly signal: AbortSignal;
}

async function inProcess(task: EvaluationTask, surroundings: Surroundings): Promise<ScanEvaluation> {
  const { threads, onProgress, signal } = surroundings;
  const child = fork(PROCESS, [], {
    env: { ...process.env, ...tensorEnvironment({ threads, cudaDevices: '' }) },
    execArgv: [],
    // TensorFlow writes lines of its own to standard error, some of them at every log level.
    stdio: ['ignore', 'ignore', process.env.EMARS_DEBUG === '1' ? 'inherit' : 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4096)));
  const stop = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', stop);
  try {
    const outcome = new Promise<EvaluationMessage>((settle, reject) => {
      child.on('message', (message) => {
        const told = message as EvaluationMessage;
        if (told.kind === 'progress') onProgress?.(told.done, told.total);
        else settle(told);
      });
      child.once('error', reject);
      child.once('close', (code, killed) =>
        reject(
          new Error(`the evaluation ended with ${killed ?? `exit code ${code ?? '?'}`}: ${said.trim()}`),
        ),
      );
    });
    child.send(task);
    const message = await outcome;
    if (message.kind === 'evaluated') return message.evaluation;
    throw message.kind === 'failed' ? carriedError(message.error) : new Error('progress is no outcome');
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', stop);
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
}
