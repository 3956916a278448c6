import { describe, expect, it } from 'vitest';
import type { MeasuringInput, MeasuringState } from '#emars/protocol/objective/measuring.js';
import { initialMeasuring, step } from '#emars/protocol/objective/measuring.js';
import type { Message } from '#emars/wire/messages.js';

const SETUP = {
  name: 'memory',
  unit: 'MB',
  direction: 'min',
  needs: 'genome',
  incarnation: 'm-1',
  since: 0,
  helloMs: 1000,
  busyMs: 5000,
} as const;
const CONTEXT = {
  stem: 4,
  widths: [4],
  strides: [2],
  blocks: [1],
  operations: ['skip'],
  head: 8,
  classes: 2,
  slices: 8,
  size: 16,
};
const ids = ['a', 'b', 'c'].map((letter) => letter.repeat(16));

class Bench {
  now = 0;
  state: MeasuringState = initialMeasuring(false);
  save: readonly { kind: string }[] = [];
  sent: readonly Record<string, unknown>[] = [];

  put(input: MeasuringInput): this {
    const next = step(SETUP, this.state, input, this.now);
    this.state = next.state;
    this.save = next.save;
    this.sent = next.send.map(({ name, message }) => ({ is: name, ...message }));
    return this;
  }

  reply(change: Partial<Message<'ObjectiveReply'>> = {}): this {
    const message = {
      accepted: true,
      reason: null,
      busy: false,
      fence: 1,
      epoch: 1,
      since: 2,
      context: CONTEXT,
      ...change,
    };
    return this.put({ kind: 'received', name: 'ObjectiveReply', message, reply: null });
  }

  request(open: readonly string[], change: Partial<Message<'MeasureRequest'>> = {}): this {
    const subjects = open.map((id) => ({ individual: { id, genome: ['skip'] }, history: [] }));
    const who = { name: 'memory', incarnation: 'm-1' };
    const message = { ...who, fence: 1, epoch: 2, snapshot: null, subjects, ...change };
    return this.put({ kind: 'received', name: 'MeasureRequest', message, reply: null });
  }

  measured(individual: string, value: number, round = '1/2'): this {
    return this.put({ kind: 'measured', round, individual, outcome: { value, isUndefined: false } });
  }
}

const welcomed = (): Bench => new Bench().put({ kind: 'tick' }).reply();

describe('the process of an objective', () => {
  it('says hello every second, first to join, then that it is alive', () => {
    const bench = new Bench().put({ kind: 'tick' });
    expect(bench.sent).toMatchObject([{ is: 'ObjectiveHello', joined: false, name: 'memory', unit: 'MB' }]);
    expect(bench.reply().save).toMatchObject([{ kind: 'welcomed', since: 2 }]);
    bench.now = 999;
    expect(bench.put({ kind: 'tick' }).sent).toEqual([]);
    bench.now = 1000;
    expect(bench.put({ kind: 'tick' }).sent).toMatchObject([{ joined: true }]);
  });

  it('measures what it is asked for one after the other, and tells each result', () => {
    const bench = welcomed().request(ids);
    const told: unknown[] = [];
    for (const [i, id] of ids.entries()) {
      expect(bench.save).toMatchObject([{ kind: 'measure', subject: { individual: { id } } }]);
      told.push(...bench.measured(id, i).sent);
    }
    expect(told).toMatchObject(ids.map((individual, value) => ({ is: 'MeasureResult', individual, value })));
    expect(bench.save).toEqual([]);
  });

  it('tells a result again when it is asked again, without measuring again', () => {
    const bench = welcomed().request(ids.slice(0, 1)).measured(ids[0]!, 5).request(ids.slice(0, 1));
    expect(bench.sent).toMatchObject([{ is: 'MeasureResult', value: 5 }]);
    expect(bench.save).toEqual([]);
  });

  it('measures anew under another fence, and what it was at then counts for nothing', () => {
    const bench = welcomed().request(ids.slice(0, 1)).request(ids.slice(0, 1), { fence: 2 });
    expect(bench.save).toEqual([]);
    bench.measured(ids[0]!, 5);
    expect(bench.sent).toEqual([]);
    expect(bench.save).toMatchObject([{ kind: 'measure', round: '2/2' }]);
  });

  it('measures anew on other weights of the same epoch, and says on which it has measured', () => {
    const [first, second] = ['ab'.repeat(32), 'cd'.repeat(32)];
    const bench = welcomed().request(ids.slice(0, 1), { snapshot: first });
    expect(bench.save).toMatchObject([{ kind: 'measure', epoch: 2, snapshot: first }]);
    bench.measured(ids[0]!, 5, `1/2/${first}`);
    expect(bench.sent).toMatchObject([{ is: 'MeasureResult', value: 5, snapshot: first }]);
    bench.request(ids.slice(0, 1), { snapshot: second });
    expect(bench.sent).toEqual([]);
    expect(bench.save).toMatchObject([{ kind: 'measure', snapshot: second }]);
  });

  it('ignores requests to another process', () => {
    expect(welcomed().request(ids, { incarnation: 'm-9' }).save).toEqual([]);
    expect(welcomed().request(ids, { name: 'other' }).save).toEqual([]);
  });

  it('ends with the reason when it is refused or removed', () => {
    const refused = new Bench()
      .put({ kind: 'tick' })
      .reply({ accepted: false, reason: 'a name in use', context: null });
    expect(refused.save).toEqual([{ kind: 'end', reason: 'a name in use', wasJoined: false }]);
    const removed = welcomed().reply({ accepted: false, reason: 'it was removed', context: null });
    expect(removed.save).toEqual([{ kind: 'end', reason: 'it was removed', wasJoined: true }]);
    removed.now = 9000;
    expect(removed.put({ kind: 'tick' }).sent).toEqual([]);
  });

  it('asks again while another process measures the objective, and not for ever', () => {
    const busy = { accepted: false, busy: true, reason: 'another process measures it', context: null };
    const bench = new Bench().put({ kind: 'tick' }).reply(busy);
    expect(bench.save).toEqual([]);
    bench.now = 4000;
    expect(bench.reply(busy).save).toEqual([]);
    bench.now = 5001;
    expect(bench.reply(busy).save).toMatchObject([{ kind: 'end' }]);
  });
});
