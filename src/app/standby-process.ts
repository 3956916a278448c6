/** `--standby`: starts `emars standby` in the background, once there is something to watch over. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Run } from '../library/search.js';
import type { RunEvent } from '../library/run-events.js';
import { runFolder } from '../run/folder.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

/** The run, with a standby from the moment that its folder can be gone on with. `flags`: those of `emars standby`. */
export function withStandby(run: Run, flags: readonly string[]): Run {
  return { ...run, events: watchedOver(run, flags) };
}

async function* watchedOver({ folder, events }: Run, flags: readonly string[]): AsyncIterable<RunEvent> {
  let isWatched = false;
  for await (const event of events) {
    if (!isWatched && ['preparing', 'prepared', 'status'].includes(event.kind)) {
      isWatched = true;
      yield { kind: 'note', text: startStandby(folder, flags) };
    }
    yield event;
  }
}

/** In a session of its own: a Ctrl-C of the terminal is for the search. Returns a line for people. */
function startStandby(root: string, flags: readonly string[]): string {
  const logFile = runFolder(root).log('standby');
  const log = openSync(logFile, 'a', 0o600);
  try {
    const child = spawn(process.execPath, [MAIN, 'standby', root, ...flags], {
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.on('error', () => undefined);
    child.unref();
    return `process ${child.pid ?? '?'} stands by; what it does is said in ${logFile}`;
  } finally {
    closeSync(log);
  }
}
