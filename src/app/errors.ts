/**
 * Errors as people and scripts meet them: one clear line on standard error and an exit code.
 *
 * 0 done · 2 configuration or command line · 3 data or a damaged run · 4 environment (native parts, broker,
 * disk) · 130 interrupted · 1 a defect of ours: the kind of an error decides (`errors/exit-codes.ts`).
 * `EMARS_DEBUG=1` adds the stack trace.
 */
import type { ErrorKind } from '../errors/error.js';
import { EmarsError, kindOf } from '../errors/error.js';
import { commandExit } from '../errors/exit-codes.js';
import { CommanderError } from 'commander';
import { textOf } from '../errors/text.js';

/** A mistake on the command line that the parser cannot see. */
export class UsageError extends EmarsError {
  override readonly name = 'UsageError';
  readonly kind = 'usage';
  constructor(message: string) {
    // What it quotes may have line ends; an error is one line.
    super(message.replace(/\s*\n\s*/g, ' '));
  }
}

/** The person asked to stop. `advice` says how to go on, where that is possible. */
export class Interrupted extends EmarsError {
  override readonly name = 'Interrupted';
  readonly kind = 'interrupted';
  constructor(readonly advice: string) {
    super(advice === '' ? 'interrupted' : `interrupted; ${advice}`);
  }
}

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

/** The kind of anything thrown, the parser's and the system's errors included. */
function kindOfAnything(error: unknown): ErrorKind {
  if (error instanceof CommanderError) return 'usage';
  return kindOf(error) ?? (systemRemedy(error) === null ? 'internal' : 'environment');
}

/** What to do about an error of the system; null for other errors. */
function systemRemedy(error: unknown): string | null {
  return isSystemError(error) ? (SYSTEM[error.code ?? ''] ?? null) : null;
}

/** Exit code of anything thrown; 0 for the help and the version, which the parser throws. */
export function exitCodeOf(error: unknown): number {
  return error instanceof CommanderError && error.exitCode === 0 ? 0 : commandExit(kindOfAnything(error));
}

/** The lines shown for anything thrown: one a problem, without stack. Empty for help and version. */
export function linesOf(error: unknown): string[] {
  if (error instanceof CommanderError)
    return error.exitCode === 0 || error.code === 'commander.help' ? [] : [commandLine(error.message)];
  const remedy = kindOf(error) === null ? systemRemedy(error) : null;
  if (remedy !== null && isSystemError(error))
    return [`${error.path ?? error.syscall ?? 'system'}: ${remedy}`];
  const text = textOf(error);
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (kindOfAnything(error) !== 'internal') return lines;
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
