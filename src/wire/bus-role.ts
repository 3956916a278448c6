/**
 * Who a client of the bus is. Its key stands for a role and, for workers and objectives, for one id; where
 * answers to it go follows from both, so that a broker can keep others from listening there.
 */
export const BUS_ROLES = ['evolution', 'parent', 'trainer', 'evaluator', 'objective', 'watcher'] as const;

/** `parent`: of a run; hears its status and says that it is there. `watcher`: asks which runs are there. */
export type BusRole = (typeof BUS_ROLES)[number];

export interface BusClient {
  readonly role: BusRole;
  /** A worker's id, an objective's name; a name for people otherwise. A token of subjects. */
  readonly id: string;
}

/** Answers to a client come to subjects under this one. */
export function inboxOf({ role, id }: BusClient): string {
  return `_INBOX.${role}.${id}`;
}
