/** What a process wrote last: errors that end it are written there. */
import { readFileSync } from 'node:fs';

export function lastLine(logFile: string): string {
  return readFileSync(logFile, 'utf8').trim().split('\n').at(-1) ?? '';
}
