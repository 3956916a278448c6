/** What a worker process and whoever supervises it say to each other, over the IPC channel between them. */

/** Worker to supervisor: the run has taken it in; on another host: so many of its scans are here. */
export type WorkerNews =
  | { readonly kind: 'welcomed'; readonly fence: number }
  | { readonly kind: 'fetched'; readonly done: number; readonly total: number };

/** Supervisor to worker: leave in order. */
export interface WorkerOrder {
  readonly kind: 'leave';
}

export function isLeaveOrder(message: unknown): message is WorkerOrder {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'leave';
}
