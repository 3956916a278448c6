/** A worker's presence: heartbeats, hello until it is answered, hello again when it must be. */
import { describe, expect, it } from 'vitest';
import type { PresenceInput, PresenceState } from '#emars/protocol/worker/presence.js';
import { initialPresence, step } from '#emars/protocol/worker/presence.js';
import type { Step } from '#emars/protocol/step.js';
import type { PresenceCommand } from '#emars/protocol/worker/presence.js';

const setup = {
  identity: {
    role: 'trainer',
    id: 'trainer-0',
    incarnation: 'one',
    pid: 1,
    device: 'cpu',
    seen: null,
    fingerprint: 'f',
    canary: 'ab'.repeat(32),
  },
  protocol: 1,
  heartbeatMs: 500,
  askMs: 1000,
  silenceMs: 4000,
} as const;

class Worker {
  state: PresenceState = initialPresence;
  give(now: number, input: PresenceInput): Step<PresenceState, PresenceCommand> {
    const outcome = step(setup, this.state, input, now);
    this.state = outcome.state;
    return outcome;
  }
  /** Names of what a tick sends. */
  tick(now: number, position: { epoch: number; appliedStep: number } | null = null): string[] {
    return this.give(now, { kind: 'tick', position }).send.map(({ name }) => name);
  }
  welcome(
    now: number,
    message: { accepted: boolean; reason: string | null; fence: number },
  ): PresenceCommand[] {
    return [...this.give(now, { kind: 'received', name: 'Welcome', message, reply: null }).save];
  }
  rollCall(now: number, fence: number, present: string[]): PresenceCommand[] {
    const message = { fence, present };
    return [...this.give(now, { kind: 'received', name: 'RollCall', message, reply: null }).save];
  }
}

describe('a worker that is told to end', () => {
  const receipt = (worker: Worker, now: number, accepted: boolean): PresenceCommand[] => [
    ...worker.give(now, { kind: 'received', name: 'Receipt', message: { accepted }, reply: null }).save,
  ];

  it('asks again until the run can do without it, beating meanwhile', () => {
    const worker = new Worker();
    worker.tick(0);
    worker.welcome(1, { accepted: true, reason: null, fence: 7 });
    expect(worker.give(2, { kind: 'leave' }).save).toEqual([]);
    expect(worker.tick(500)).toEqual(['Heartbeat', 'Leave']);
    expect(receipt(worker, 510, false)).toEqual([]);
    expect(worker.tick(1000)).toEqual(['Heartbeat']);
    expect(worker.tick(1500)).toEqual(['Heartbeat', 'Leave']);
    expect(receipt(worker, 1510, true)).toEqual([{ kind: 'released' }]);
  });

  it('is released once, and says no hello after that, whatever the roll call says', () => {
    const worker = new Worker();
    worker.welcome(1, { accepted: true, reason: null, fence: 7 });
    worker.give(2, { kind: 'leave' });
    receipt(worker, 3, true);
    expect(receipt(worker, 4, true)).toEqual([]);
    worker.rollCall(5, 7, []);
    expect(worker.tick(3000)).toEqual([]);
  });

  it('goes at once when no run has taken it in', () => {
    expect(new Worker().give(0, { kind: 'leave' }).save).toEqual([{ kind: 'released' }]);
  });

  it('takes no receipt for a release that it did not ask for', () => {
    expect(receipt(new Worker(), 0, true)).toEqual([]);
  });
});

describe('a worker', () => {
  it('beats and says hello at once, and again while no answer comes', () => {
    const worker = new Worker();
    expect(worker.tick(0)).toEqual(['Heartbeat', 'Hello']);
    expect(worker.tick(499)).toEqual([]);
    expect(worker.tick(500)).toEqual(['Heartbeat']);
    expect(worker.tick(1000)).toEqual(['Heartbeat', 'Hello']);
  });

  it('says where it stands, and its fence in each heartbeat', () => {
    const worker = new Worker();
    const position = { epoch: 3, appliedStep: 12 };
    const { send } = worker.give(0, { kind: 'tick', position });
    expect(send[1]).toMatchObject({ name: 'Hello', message: { id: 'trainer-0', position }, to: null });
    worker.welcome(1, { accepted: true, reason: null, fence: 7 });
    expect(worker.give(600, { kind: 'tick', position }).send).toMatchObject([{ message: { fence: 7 } }]);
  });

  it('is quiet once it is welcome, until the roll call has another fence or leaves it out', () => {
    const worker = new Worker();
    worker.tick(0);
    expect(worker.welcome(10, { accepted: true, reason: null, fence: 2 })).toEqual([
      { kind: 'welcomed', fence: 2 },
    ]);
    worker.rollCall(20, 2, ['one', 'other']);
    expect(worker.tick(30)).toEqual([]);
    worker.rollCall(40, 3, ['one']);
    expect(worker.tick(50)).toEqual(['Hello']);
    worker.rollCall(60, 3, ['one']);
    expect(worker.tick(70)).toEqual([]);
    worker.welcome(80, { accepted: true, reason: null, fence: 3 });
    worker.rollCall(90, 3, ['other']);
    expect(worker.tick(100)).toEqual(['Hello']);
  });

  it('takes an empty answer neither as a welcome nor as a refusal', () => {
    const worker = new Worker();
    worker.tick(0);
    expect(worker.welcome(1, { accepted: false, reason: null, fence: 0 })).toEqual([]);
    expect(worker.tick(1000)).toContain('Hello');
  });

  it('that is refused says so and asks no more', () => {
    const worker = new Worker();
    worker.tick(0);
    expect(worker.welcome(1, { accepted: false, reason: 'other arithmetic', fence: 1 })).toEqual([
      { kind: 'refused', reason: 'trainer-0 was refused: other arithmetic' },
    ]);
    expect(worker.tick(5000)).toEqual(['Heartbeat']);
  });

  it('keeps the newest fence when welcomes overtake each other', () => {
    const worker = new Worker();
    worker.welcome(1, { accepted: true, reason: null, fence: 5 });
    expect(worker.welcome(2, { accepted: true, reason: null, fence: 4 })).toEqual([]);
    expect(worker.state.fence).toBe(5);
  });
});

describe('a worker that hears nothing of its run', () => {
  /** What ticks every half second say, from one time to another. */
  const said = (worker: Worker, from: number, to: number): string[] => {
    const kinds: string[] = [];
    for (let now = from; now <= to; now += 500)
      kinds.push(...worker.give(now, { kind: 'tick', position: null }).save.map(({ kind }) => kind));
    return kinds;
  };

  it('says so once, and when it hears it again', () => {
    const worker = new Worker();
    worker.welcome(0, { accepted: true, reason: null, fence: 1 });
    expect(said(worker, 0, 3500)).toEqual([]);
    expect(worker.rollCall(3600, 1, ['one'])).toEqual([]);
    expect(said(worker, 4000, 7000)).toEqual([]);
    expect(said(worker, 7500, 20_000)).toEqual(['silent']);
    expect(worker.rollCall(20_100, 1, ['one'])).toEqual([{ kind: 'heard' }]);
    expect(worker.rollCall(20_200, 1, ['one'])).toEqual([]);
    expect(said(worker, 20_500, 40_000)).toEqual(['silent']);
  });

  it('does not count the time that it was stopped itself', () => {
    const worker = new Worker();
    said(worker, 0, 1000);
    expect(said(worker, 500_000, 501_500)).toEqual([]);
    expect(said(worker, 502_000, 504_000)).toEqual(['silent']);
  });

  it('says so after it was released as well: what it still holds, nobody takes', () => {
    const worker = new Worker();
    worker.welcome(0, { accepted: true, reason: null, fence: 1 });
    worker.give(1, { kind: 'leave' });
    worker.give(2, { kind: 'received', name: 'Receipt', message: { accepted: true }, reply: null });
    expect(said(worker, 500, 6000)).toEqual(['silent']);
  });
});
