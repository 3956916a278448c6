import { describe, expect, it } from 'vitest';
import { EventStream } from '#emars/library/event-stream.js';

interface Counted {
  readonly kind: 'note' | 'status';
  readonly n: number;
}
const note = (n: number): Counted => ({ kind: 'note', n });
const status = (n: number): Counted => ({ kind: 'status', n });
const streamOf = (): EventStream<Counted> => new EventStream(({ kind }) => kind === 'status');

async function all(stream: EventStream<Counted>): Promise<string[]> {
  const read: string[] = [];
  for await (const { kind, n } of stream) read.push(`${kind} ${n}`);
  return read;
}

describe('a stream of events', () => {
  it('gives a quick reader every event, in order, and ends', async () => {
    const stream = streamOf();
    const read = all(stream);
    for (const event of [status(1), status(2), note(3), status(4)]) {
      stream.push(event);
      await new Promise(setImmediate);
    }
    stream.close();
    expect(await read).toEqual(['status 1', 'status 2', 'note 3', 'status 4']);
  });

  it('gives a slow reader the newest status and every note', async () => {
    const stream = streamOf();
    for (const event of [status(1), status(2), note(3), note(4), status(5), status(6)]) stream.push(event);
    stream.close();
    stream.push(note(7));
    expect(await all(stream)).toEqual(['status 2', 'note 3', 'note 4', 'status 6']);
  });

  it('throws what it failed with, after what came before', async () => {
    const stream = streamOf();
    stream.push(note(1));
    stream.fail(new RangeError('no more'));
    const read: number[] = [];
    const reading = (async () => {
      for await (const { n } of stream) read.push(n);
    })();
    await expect(reading).rejects.toThrow('no more');
    expect(read).toEqual([1]);
  });

  it('has one reader', async () => {
    const stream = streamOf();
    stream.close();
    await all(stream);
    await expect(all(stream)).rejects.toThrow('one reader');
  });
});
