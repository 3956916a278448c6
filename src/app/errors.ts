/**
 * Errors as people and scripts meet them: one clear line on standard error and an exit code.
 *
 * 0 done · 2 configuration or command line · 3 data or a damaged run · 4 environment (engine, broker,
 * disk) · 130 interrupted · 1 a defect of ours. `EMARS_DEBUG=1` adds the stack trace.
 */
import { CommanderError } from 'commander';

export const EXIT = { done: 0, defect: 1, usage: 2, data: 3, environment: 4, interrupted: 130 } as const;

/** A mistake on the command line that the parser cannot see. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  constructor(message: string) {
    // What it quotes may have line ends; an error is one line.
    super(message.replace(/\s*\n\s*/g, ' '));
  }
}

/** The person asked to stop. `advice` says how to go on, where that is possible. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  constructor(readonly advice: string) {
    super(advice === '' ? 'interrupted' : `interrupted; ${advice}`);
  }
}

/**
 * Exit code of each typed error of the rooms. By name, not by class: an error that has crossed a
 * thread or a process keeps its name only. A test finds every class of the rooms and asks for it here.
 */
export const EXIT_BY_NAME: Readonly<Record<string, number>> = {
  UsageError: EXIT.usage,
  Interrupted: EXIT.interrupted,
  // config, evolution
  ConfigError: EXIT.usage,
  SelectionRequestError: EXIT.usage,
  ObjectiveValueError: EXIT.data,
  // scan
  ScanError: EXIT.data,
  BadScansError: EXIT.data,
  CatalogueError: EXIT.data,
  SplitError: EXIT.data,
  PhantomError: EXIT.usage,
  CacheError: EXIT.environment,
  // report, runtime: the run folder
  RunFolderError: EXIT.data,
  JournalError: EXIT.data,
  SnapshotError: EXIT.data,
  SnapshotFormatError: EXIT.data,
  RunLockedError: EXIT.environment,
  // runtime, wire: the broker and the processes
  BrokerStartError: EXIT.environment,
  BrokerUnreachable: EXIT.environment,
  AskTimeout: EXIT.environment,
  NoResponder: EXIT.environment,
  BusClosed: EXIT.environment,
  FlushTimeout: EXIT.environment,
  PayloadTooLarge: EXIT.environment,
  NotPermitted: EXIT.environment,
  WireError: EXIT.environment,
  MailboxFull: EXIT.environment,
  ThreadDeadline: EXIT.environment,
  ThreadExited: EXIT.environment,
  WorkQueueError: EXIT.environment,
  WorkUnavailable: EXIT.environment,
  // actors
  NotARun: EXIT.data,
  DamagedRun: EXIT.data,
  HistoryError: EXIT.data,
  DataUnfit: EXIT.data,
  EvaluationUnfit: EXIT.data,
  RunFailed: EXIT.environment,
  SearchStopped: EXIT.environment,
  WorkerRefused: EXIT.environment,
  ObjectiveModuleError: EXIT.usage,
  // model
  ModelError: EXIT.data,
  // native, tensor
  NativePartError: EXIT.environment,
  TensorFlowError: EXIT.environment,
  CommandError: EXIT.environment,
  NoLibrary: EXIT.environment,
  WheelError: EXIT.environment,
  ShapeError: EXIT.defect,
};

/** What the file system says when the machine, not the request, is at fault. */
const SYSTEM: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk; free some and run the command again',
  EDQUOT: 'the disk quota is used up; free some space and run the command again',
  EROFS: 'the disk is read-only; choose another folder',
  EIO: 'the disk reports an error',
  EMFILE: 'too many open files; raise the limit (ulimit -n)',
  ENOMEM: 'not enough memory',
  EACCES: 'permission denied; choose a folder that is yours',
  EPERM: 'permission denied; choose a folder that is yours',
  ENOENT: 'no such file or folder; check the path',
  ENOTDIR: 'a part of the path is not a folder; check the path',
  EISDIR: 'expected a file, got a folder; check the path',
};

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error && 'code' in error;

/** Exit code of anything thrown. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (!(error instanceof Error)) return EXIT.defect;
  if (Object.hasOwn(EXIT_BY_NAME, error.name)) return EXIT_BY_NAME[error.name] ?? EXIT.defect;
  if (isSystemError(error) && Object.hasOwn(SYSTEM, error.code ?? '')) return EXIT.environment;
  return EXIT.defect;
}

/** The lines shown for anything thrown: one a problem, without stack. Empty for help and version. */
export function linesOf(error: unknown): string[] {
  if (error instanceof CommanderError)
    return error.exitCode === 0 || error.code === 'commander.help' ? [] : [commandLine(error.message)];
  if (
    isSystemError(error) &&
    error.code !== undefined &&
    SYSTEM[error.code] !== undefined &&
    !Object.hasOwn(EXIT_BY_NAME, error.name)
  ) {
    return [`${error.path ?? error.syscall ?? 'system'}: ${SYSTEM[error.code] ?? ''}`];
  }
  const text = error instanceof Error ? error.message : String(error);
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (exitCodeOf(error) !== EXIT.defect) return lines;
  return [`a defect of emars: ${lines.join('; ') || 'no message'}; EMARS_DEBUG=1 shows where`];
}

/** `error: unknown option '--sed'\n(Did you mean --seed?)` on one line in our words. */
function commandLine(message: string): string {
  const line = message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '')
    .replace(/ ?\(Did you mean (one of )?(.+?)\?\)$/, '; did you mean $1$2?');
  return line.includes('did you mean') ? line : `${line}; see emars --help`;
}

/** Says what went wrong on standard error and sets the exit code. */
export function reportError(error: unknown): void {
  for (const line of linesOf(error)) process.stderr.write(`emars: ${line}\n`);
  if (process.env.EMARS_DEBUG === '1' && error instanceof Error)
    process.stderr.write(`${error.stack ?? ''}\n`);
  process.exitCode = exitCodeOf(error);
}
