import { describe, expect, it } from 'vitest';
import { Interrupted, UsageError, exitCodeOf, linesOf } from '#emars/app/errors.js';
import { ConfigError } from '#emars/config/problem.js';

const problem = { where: 'a.yaml:1:1', path: 'seed', expected: 'an integer', got: 'x', remedy: '' };
const system = (code: string, path?: string): Error =>
  Object.assign(new Error(`${code}: system`), {
    code,
    syscall: 'write',
    ...(path === undefined ? {} : { path }),
  });

describe('errors of the command line', () => {
  it('give a line a problem of the configuration, and 2', () => {
    const error = new ConfigError([problem, { ...problem, path: 'training.batch', remedy: 'use 8' }]);
    expect(exitCodeOf(error)).toBe(2);
    expect(linesOf(error)).toEqual([
      'a.yaml:1:1: seed: expected an integer, got x',
      'a.yaml:1:1: training.batch: expected an integer, got x; use 8',
    ]);
  });

  it('are known by their kind, also after crossing a thread that strips their class', () => {
    const copy = Object.assign(new Error('seed: wrong'), { name: 'ConfigError', kind: 'usage' });
    expect(exitCodeOf(copy)).toBe(2);
    expect(linesOf(copy)).toEqual(['seed: wrong']);
    expect(exitCodeOf(Object.assign(new Error('x'), { kind: 'of my own' }))).toBe(1);
  });

  it.each([
    ['ENOSPC', /no space left/],
    ['EROFS', /read-only/],
    ['EACCES', /permission/],
    ['ENOENT', /no such file/],
  ])('of the system, %s, give 4 with path and remedy', (code, words) => {
    expect(exitCodeOf(system(code, '/data/x'))).toBe(4);
    expect(linesOf(system(code, '/data/x'))).toEqual([expect.stringMatching(words) as string]);
    expect(linesOf(system(code, '/data/x'))[0]).toMatch(/^\/data\/x: /);
  });

  it('of a person are one line, whatever they quote', () => {
    expect(linesOf(new UsageError('got "a\n  b"'))).toEqual(['got "a b"']);
    expect(exitCodeOf(new UsageError('x'))).toBe(2);
    expect(exitCodeOf(new Interrupted('emars search --resume runs/a'))).toBe(130);
    expect(linesOf(new Interrupted('go on with emars search --resume runs/a'))).toEqual([
      'interrupted; go on with emars search --resume runs/a',
    ]);
  });

  it('that are not foreseen are called defects, with 1 and a hint, never a stack', () => {
    const error = new TypeError("Cannot read properties of undefined (reading 'x')\nsecond line");
    expect(exitCodeOf(error)).toBe(1);
    expect(linesOf(error)).toEqual([
      "a defect of emars: Cannot read properties of undefined (reading 'x'); second line; EMARS_DEBUG=1 shows where",
    ]);
    expect([exitCodeOf('text'), exitCodeOf(undefined)]).toEqual([1, 1]);
  });
});
