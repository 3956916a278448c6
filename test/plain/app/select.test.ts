import { describe, expect, it } from 'vitest';
import { linesOfStream } from '#emars/app/lines.js';
import { emars } from './run-emars.js';

/** Two objectives, by hand: 0 and 1 do not dominate each other, 2 is dominated by 1. */
const request = {
  values: [
    [0.9, 5],
    [0.8, 2],
    [0.7, 4],
  ],
  directions: ['max', 'min'],
  keep: 2,
  selector: 'nsga3',
  seed: 1,
};

describe('emars select', () => {
  it('answers one request, which may span lines', async () => {
    const { code, stdout } = await emars(['select'], { input: JSON.stringify(request, null, 2) });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ selected: [0, 1], fronts: [[0, 1], [2]] });
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  });

  it.each(['', JSON.stringify({ ...request, keep: 4 })])('refuses %s with {"error"} and 2', async (input) => {
    const { code, stdout } = await emars(['select'], { input });
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({ error: expect.any(String) as string });
  });

  it('with --lines answers every line in order, goes on after bad ones, and ends with 0', async () => {
    const good = JSON.stringify(request);
    const { code, stdout } = await emars(['select', '--lines'], {
      input: [good, 'nonsense', '', `${good}\r`, JSON.stringify({ ...request, keep: 1 })].join('\n'),
    });
    expect(code).toBe(0);
    const answers = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly selected?: number[]; readonly error?: string });
    expect(answers.map(({ selected, error }) => selected?.length ?? typeof error)).toEqual([
      2,
      'string',
      'string',
      2,
      1,
    ]);
    expect(answers[3]).toEqual(answers[0]);
  });
});

describe('lines of a stream', () => {
  async function* chunks(...parts: (string | Buffer)[]): AsyncGenerator<string | Buffer> {
    for (const part of parts) yield await Promise.resolve(part);
  }
  const lines = async (longest: number, ...parts: (string | Buffer)[]): Promise<(string | null)[]> => {
    const found: (string | null)[] = [];
    for await (const line of linesOfStream(chunks(...parts), longest)) found.push(line);
    return found;
  };

  it('joins what chunks cut, also within a character', async () => {
    const bytes = Buffer.from('aé\nb');
    expect(await lines(10, bytes.subarray(0, 2), bytes.subarray(2))).toEqual(['aé', 'b']);
  });

  it('skips a line above the limit and goes on', async () => {
    expect(await lines(3, 'abc\r\nab', 'cd', 'efg\nx\n')).toEqual(['abc', null, 'x']);
  });

  it('gives an empty line for two ends in a row, none for the end of the text', async () => {
    expect(await lines(3, 'a\n\nb\n')).toEqual(['a', '', 'b']);
    expect(await lines(3, '')).toEqual([]);
  });
});
