/** `dead-letters.jsonl`: messages that nobody could use, each with its reason and its first bytes. For people. */
import { appendFile } from 'node:fs/promises';
import type { RunFolder } from './folder.js';

export interface DeadLetter {
  /** Who refused it: role and id. */
  readonly by: string;
  /** What it should have been, and where it came. */
  readonly expected: string;
  readonly subject: string;
  readonly reason: string;
  /** Of the whole message. */
  readonly bytes: number;
  /** Of this kind so far, by whom refused it. */
  readonly count: number;
  /** Its first 4096 bytes, base64. */
  readonly head: string;
}

/** Lines that are written in one life of the parent: what comes then is counted only. */
export const DEAD_LETTER_LINES = 1000;

export async function appendDeadLetter(folder: RunFolder, letter: DeadLetter): Promise<void> {
  await appendFile(folder.deadLetters, `${JSON.stringify(letter)}\n`);
}
