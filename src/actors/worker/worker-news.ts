/** What a worker process and whoever supervises it say to each other, over the IPC channel between them. */
import type { Options } from '../../config/options.js';

/**
 * Worker to supervisor: it has opened its workplace; the run has taken it in; on another host: so many of its scans
 * are here.
 */
export type WorkerNews =
  | { readonly kind: 'opened' }
  | { readonly kind: 'welcomed'; readonly fence: number }
  | { readonly kind: 'fetched'; readonly done: number; readonly total: number };

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
