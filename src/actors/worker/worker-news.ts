/** What a worker process and whoever supervises it say to each other, over the IPC channel between them. */
import type { Options } from '../../config/options.js';

/**
 * Worker to supervisor: it has opened its workplace; the run has taken it in; on another host: so many of its scans
 * are here; nothing is heard of the run any more, or again.
 */
export type WorkerNews =
  | { readonly kind: 'opened' }
  | { readonly kind: 'welcomed'; readonly fence: number }
  | { readonly kind: 'fetched'; readonly done: number; readonly total: number }
  | { readonly kind: 'silent' | 'heard' };

/** Worker to supervisor, about once a second: the share of the time of its slots that went into data, 0 to 1. */
export interface WorkerCount {
  readonly kind: 'data-share';
  readonly share: number;
}

export function isWorkerCount(message: unknown): message is WorkerCount {
  return (
    typeof message === 'object' &&
    message !== null &&
    'kind' in message &&
    message.kind === 'data-share' &&
    'share' in message &&
    typeof message.share === 'number' &&
    message.share >= 0 &&
    message.share <= 1
  );
}

/** Supervisor to worker: leave in order. */
export interface WorkerOrder {
  readonly kind: 'leave';
}

export function isLeaveOrder(message: unknown): message is WorkerOrder {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'leave';
}

/** How long a worker may say nothing after its start: three times as long as its work on weights may take. */
export function silentStartMs({ runtime }: Options): number {
  return 3000 * runtime.hangSeconds;
}
