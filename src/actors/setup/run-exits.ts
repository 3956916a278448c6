/** Exit codes between the processes of a run and their supervisor; people never see them. */

/** Ended by SIGTERM: no wish of its own, so it is started again unless the run ends. */
export const TERMINATED_EXIT = 143;
/** The run will not have this worker. */
export const REFUSED_EXIT = 5;
/** The search cannot go on; its reason is the last line of its log. */
export const STOPPED_EXIT = 6;
/** Its run folder cannot be read. */
export const DAMAGED_EXIT = 7;
