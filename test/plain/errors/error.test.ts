/** Kinds of errors and their exit codes, for every class of every room. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_KINDS, kindOf } from '#emars/errors/error.js';
import { commandExit, processEnd, processExit, TERMINATED_EXIT } from '#emars/errors/exit-codes.js';
import { RunFolderError } from '#emars/run/error.js';
import { JournalError } from '#emars/runtime/storage/journal-format.js';
import { SnapshotError } from '#emars/runtime/storage/snapshots.js';
import { WireError } from '#emars/wire/messages.js';

const ROOMS = join(import.meta.dirname, '../../../src');

const sources = readdirSync(ROOMS, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(ROOMS, name), 'utf8'));

describe('errors', () => {
  it('of every room have a kind: none extends Error itself but their common base', () => {
    const classes = (base: string): string[] =>
      sources.flatMap((text) =>
        [...text.matchAll(new RegExp(`class (\\w+) extends ${base}\\b`, 'g'))].map(([, name]) => name!),
      );
    expect(classes('Error')).toEqual(['EmarsError']);
    expect(classes('EmarsError').length).toBeGreaterThan(30);
  });

  it('are told apart by kind, which may depend on the reason', () => {
    const kinds = [
      new RunFolderError('run/front.json', 'expected JSON'),
      new WireError('Hello', 'nothing'),
      new JournalError('run/journal', 'corrupt', 'x'),
      new JournalError('run/journal', 'write-failed', 'x'),
      new SnapshotError('run/snapshots', 'mismatch', 'x'),
      new SnapshotError('run/snapshots', 'write-failed', 'x'),
    ].map(kindOf);
    expect(kinds).toEqual(['damaged', 'unavailable', 'damaged', 'environment', 'damaged', 'environment']);
  });

  it('of others have none', () => {
    expect(
      [new Error('x'), Object.assign(new Error('x'), { kind: 'odd' }), { kind: 'usage' }, null].map(kindOf),
    ).toEqual([null, null, null, null]);
  });
});

describe('exit codes', () => {
  it('of the command line are the documented ones', () => {
    expect(Object.fromEntries(ERROR_KINDS.map((kind) => [kind, commandExit(kind)]))).toEqual({
      usage: 2,
      data: 3,
      damaged: 3,
      environment: 4,
      unavailable: 4,
      refused: 4,
      interrupted: 130,
      internal: 1,
    });
  });

  it('of processes tell the supervisor whether another start may help', () => {
    expect(Object.fromEntries(ERROR_KINDS.map((kind) => [kind, processEnd(processExit(kind))]))).toEqual({
      usage: 'stopped',
      data: 'damaged',
      damaged: 'damaged',
      environment: 'stopped',
      unavailable: 'died',
      refused: 'refused',
      interrupted: 'died',
      internal: 'died',
    });
    expect([0, null, TERMINATED_EXIT].map(processEnd)).toEqual(['finished', 'died', 'died']);
  });
});
