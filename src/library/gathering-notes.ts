/** What a person should know while a search waits for trainers of other hosts: a line for each that comes or goes. */
import type { Message } from '../wire/messages.js';

type Known = Pick<Message<'Status'>, 'phase' | 'trainersAlive'>;

/** A function to be told of each status; returns the lines that are new with it. */
export function gatheringNotes(minTrainers: number): (status: Known) => string[] {
  let hasBegun = minTrainers === 0;
  let last: number | null = null;
  return ({ phase, trainersAlive }) => {
    if (hasBegun) return [];
    hasBegun = phase !== 'preparing';
    if (hasBegun || trainersAlive === last || trainersAlive >= minTrainers) return [];
    last = trainersAlive;
    return [
      `waits for ${minTrainers} trainer${minTrainers === 1 ? '' : 's'}, ${trainersAlive} of them ` +
        `${trainersAlive === 1 ? 'is' : 'are'} here; start others with emars worker`,
    ];
  };
}
