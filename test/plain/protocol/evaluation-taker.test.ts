/** One evaluation from the queue to its receipt. */
import { describe, expect, it } from 'vitest';
import type { TakerCommand, TakerInput, TakerState } from '#emars/protocol/worker/evaluation-taker.js';
import { initialTaker, step } from '#emars/protocol/worker/evaluation-taker.js';
import type { Step } from '#emars/protocol/step.js';

const setup = { worker: 'evaluator-0', maxDeliver: 3, resultMs: 1000 };
const request = {
  epoch: 2,
  snapshot: 'ab'.repeat(32),
  individual: { id: '0'.repeat(16), genome: ['mb_k3_e3'] },
  objective: 'accuracy',
};
const key = { epoch: 2, snapshot: request.snapshot, individual: '0'.repeat(16), objective: 'accuracy' };

class Taker {
  state: TakerState = initialTaker;
  give(now: number, input: TakerInput): Step<TakerState, TakerCommand> {
    const outcome = step(setup, this.state, input, now);
    this.state = outcome.state;
    return outcome;
  }
  take(deliveries: number): Step<TakerState, TakerCommand> {
    return this.give(0, { kind: 'taken', request, deliveries });
  }
  receipt(now: number, accepted: boolean): readonly TakerCommand[] {
    return this.give(now, { kind: 'received', name: 'Receipt', message: { accepted }, reply: null }).save;
  }
}

describe('a taker of evaluations', () => {
  it('measures, delivers, and gives the item back when the result is written down', () => {
    const taker = new Taker();
    expect(taker.take(1).save).toEqual([
      {
        kind: 'measure',
        key: { epoch: 2, snapshot: request.snapshot, genome: ['mb_k3_e3'], objective: 'accuracy' },
      },
    ]);
    const { send, save } = taker.give(5, { kind: 'measured', value: 0.5, confusion: [1, 2, 3, 4] });
    expect(send).toEqual([
      {
        name: 'EvaluationResult',
        message: { ...key, worker: 'evaluator-0', deliveries: 1, value: 0.5, confusion: [1, 2, 3, 4] },
        to: null,
      },
    ]);
    expect(save).toEqual([]);
    expect(taker.receipt(6, true)).toEqual([{ kind: 'return-item', verdict: 'ack', reason: null }]);
    expect(taker.state).toEqual({ stage: 'idle' });
  });

  it('sends its result again for as long as no receipt comes', () => {
    const taker = new Taker();
    taker.take(1);
    taker.give(0, { kind: 'measured', value: 0.5, confusion: [] });
    expect(taker.give(999, { kind: 'tick' }).send).toEqual([]);
    expect(taker.receipt(999, false)).toEqual([]);
    for (const now of [1000, 2000])
      expect(taker.give(now, { kind: 'tick' }).send).toMatchObject([{ name: 'EvaluationResult' }]);
    expect(taker.receipt(2001, true)).toMatchObject([{ verdict: 'ack' }]);
  });

  it('gives a failure back to the queue while others may try, and reports it at the last try', () => {
    const taker = new Taker();
    taker.take(2);
    expect(taker.give(0, { kind: 'measured', failure: 'no memory' }).save).toEqual([
      { kind: 'return-item', verdict: 'nak', reason: 'no memory' },
    ]);
    taker.take(3);
    expect(taker.give(0, { kind: 'measured', failure: 'no memory' }).send).toMatchObject([
      { message: { error: 'no memory', deliveries: 3 } },
    ]);
  });

  it('reports a failure at the first try where another worker would find the same', () => {
    const taker = new Taker();
    taker.take(1);
    const { send } = taker.give(0, { kind: 'measured', failure: 'no such layer', isVerdict: true });
    expect(send).toMatchObject([{ name: 'EvaluationResult', message: { error: 'no such layer' } }]);
  });

  it('works no more on an item that was handed out too often: it says so', () => {
    const { save, send } = new Taker().take(4);
    expect(save).toEqual([]);
    expect(send).toMatchObject([
      { message: { deliveries: 4, error: expect.stringMatching(/given up after 3/) as string } },
    ]);
  });

  it('drops receipts and results that are not waited for', () => {
    const taker = new Taker();
    expect(taker.receipt(0, true)).toEqual([]);
    expect(taker.give(0, { kind: 'measured', value: 1, confusion: [] })).toMatchObject({
      save: [],
      send: [],
    });
  });
});
