/** The shell that runs a worker's machine: order, answers, messages that are none, and its end. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ReceivedMessage } from '#emars/actors/setup/listening.js';
import { MachineShell } from '#emars/actors/worker/machine-shell.js';
import { startPresence } from '#emars/actors/worker/presence.js';
import { decode, encode } from '#emars/wire/messages.js';
import { subjectsOf } from '#emars/wire/subjects.js';
import { MemoryBroker } from '../../support/memory-bus.js';
import { until } from '../../support/until.js';

const subjects = subjectsOf('run');
type Input =
  ReceivedMessage<'Credit'> | { readonly kind: 'tick' } | { readonly kind: 'done'; readonly n: number };

/** A machine that asks for work with each credit, and says when it is done. */
function shellOn(broker: MemoryBroker, order: string[], onError: (error: unknown) => void) {
  const shell = new MachineShell<number, Input, { readonly kind: 'work'; readonly n: number }>({
    bus: broker.connect(),
    subjects,
    client: { role: 'trainer', id: 'me' },
    initial: 0,
    step: (state, input) => {
      order.push(input.kind);
      if (input.kind === 'tick') return { state, save: [], send: [] };
      if (input.kind === 'received' && input.message.sent === 13) throw new Error('a fault of the machine');
      if (input.kind === 'received')
        return {
          state: state + 1,
          save: [{ kind: 'work', n: state }],
          send: [{ name: 'Credit', message: { from: 'me', sent: 1 }, to: 'you' }],
        };
      return { state: state + 10, save: [], send: [] };
    },
    start: ({ n }) => {
      order.push(`start ${n}`);
      shell.take({ kind: 'done', n });
      order.push('started');
    },
    tick: { everyMs: 5, input: () => ({ kind: 'tick' }) },
    onError,
  });
  shell.listen('Credit', subjects.credit('me'), (received) => received);
  return shell;
}

/** From you to me. */
const TO_ME = 'emars.run.trainer.me.credit.you';

const credit = (sent: number): Uint8Array => encode('Credit', { from: 'you', sent });

afterEach(() => vi.restoreAllMocks());

describe('a shell of a machine', () => {
  it('handles one input at a time: work begins and messages are sent before its end is taken in', async () => {
    const broker = new MemoryBroker();
    const order: string[] = [];
    const other = broker.connect();
    other.subscribe(subjects.credit('you'), () => void order.push('sent'));
    const shell = shellOn(broker, order, () => undefined);
    other.publish(TO_ME, credit(1));
    await until(() => order.includes('sent'));
    shell.close();
    expect(order.filter((word) => word !== 'tick').slice(0, 4)).toEqual([
      'received',
      'start 0',
      'started',
      'done',
    ]);
    expect(shell.state).toBe(11);
  });

  it('drops what does not decode, and tells the first one and then each tenfold', async () => {
    const broker = new MemoryBroker();
    const lines: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
    const order: string[] = [];
    const shell = shellOn(broker, order, () => undefined);
    const other = broker.connect();
    other.publish(TO_ME, new Uint8Array());
    for (let i = 0; i < 25; i++) other.publish(TO_ME, Uint8Array.from([10, 1, 32]));
    other.publish(TO_ME, credit(1));
    await until(() => order.includes('received'));
    shell.close();
    expect(lines.map((line) => /(\d+) of this kind/.exec(line)?.[1])).toEqual(['1', '10']);
  });

  it('ends when its machine throws, and handles nothing more', async () => {
    const broker = new MemoryBroker();
    const order: string[] = [];
    const errors: unknown[] = [];
    shellOn(broker, order, (error) => errors.push(error));
    const other = broker.connect();
    for (const sent of [13, 1]) other.publish(TO_ME, credit(sent));
    await until(() => errors.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(errors).toEqual([new Error('a fault of the machine')]);
    expect(order.filter((word) => word === 'received')).toHaveLength(1);
    expect(order.at(-1)).toBe('received');
  });
});

describe('presence on a bus', () => {
  it('is welcomed by an answer to its hello, and is silent once it is closed', async () => {
    const broker = new MemoryBroker();
    const evolution = broker.connect();
    let heartbeats = 0;
    evolution.subscribe(subjects.heartbeat, () => {
      heartbeats++;
    });
    evolution.subscribe(subjects.hello, (bytes, { reply }) => {
      expect(decode('Hello', bytes)).toMatchObject({ id: 'w', position: { epoch: 1, appliedStep: 4 } });
      evolution.respond(reply!, encode('Welcome', { accepted: true, fence: 7 }));
    });
    const welcomes: number[] = [];
    const presence = startPresence({
      bus: broker.connect(),
      subjects,
      identity: {
        role: 'trainer',
        id: 'w',
        incarnation: 'one',
        pid: 1,
        device: 'cpu',
        seen: null,
        fingerprint: 'f',
        canary: 'ab'.repeat(32),
      },
      timing: { heartbeatMs: 10, askMs: 1000, silenceMs: 100_000 },
      position: () => ({ epoch: 1, appliedStep: 4 }),
      onWelcome: (fence) => welcomes.push(fence),
      onRefused: () => undefined,
      onSilence: () => undefined,
      onError: () => undefined,
    });
    await until(() => welcomes.length > 0 && heartbeats > 2);
    expect(welcomes).toEqual([7]);
    presence.close();
    const seen = heartbeats;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(heartbeats).toBeLessThanOrEqual(seen + 1);
  });
});
