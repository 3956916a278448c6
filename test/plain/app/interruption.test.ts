/** A command of several runs finds a wish to stop that came at the end of one of them. */
import { expect, it } from 'vitest';
import { interruption, showRun } from '#emars/app/run-search.js';
import type { Run } from '#emars/library/search.js';
import type { RunEvent } from '#emars/library/run-events.js';

/** A run that is over before it can be stopped: the signal comes with its last event. */
function endingRun(): Run {
  async function* events(): AsyncGenerator<RunEvent> {
    await Promise.resolve();
    process.emit('SIGTERM');
    yield { kind: 'note', text: 'the last event' };
  }
  return { folder: '', events: events(), result: new Promise(() => undefined) };
}

it('remembers SIGTERM through the end of a run, until it is forgotten', async () => {
  const listeners = process.listenerCount('SIGTERM');
  const others = process.listeners('SIGTERM');
  process.removeAllListeners('SIGTERM');
  try {
    const stopped = interruption('go on with: emars retrain --resume r');
    await showRun(endingRun, true);
    expect(() => stopped.wishes.drain.throwIfAborted()).toThrow(
      'interrupted; go on with: emars retrain --resume r',
    );
    stopped.forget();
    expect(process.listenerCount('SIGTERM')).toBe(0);
  } finally {
    for (const other of others) process.on('SIGTERM', other);
  }
  expect(process.listenerCount('SIGTERM')).toBe(listeners);
});
