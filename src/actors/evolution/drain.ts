/** What the parent says to the evolution process over its channel: stop after the step at work. */
export const DRAIN = 'drain';
