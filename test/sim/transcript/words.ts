/** Events of a search in words. */
import type { SearchEvent } from '#emars/search/events.js';

/** One event, short. */
export function inWords(event: SearchEvent): string {
  switch (event.type) {
    case 'run-started':
      return 'the search begins';
    case 'fence-raised':
      return `fence ${event.fence}`;
    case 'numerics-fixed':
      return 'the arithmetic of this run';
    case 'epoch-planned':
      return `epoch ${event.epoch} is planned, ${event.individuals.length} individuals`;
    case 'step-committed': {
      const owners = event.slots.map(({ owner, diverged }) => (diverged ? 'diverged' : owner)).join(', ');
      const again = event.repeated > 0 ? `, ${event.repeated} leased again` : '';
      return `step ${event.step} is committed, slots by ${owners}${again}`;
    }
    case 'step-saved':
      return `the weights after ${event.step} steps are saved, snapshot ${event.sha256.slice(0, 8)}`;
    case 'epoch-trained':
      return `epoch ${event.epoch} is trained, snapshot ${event.sha256.slice(0, 8)}`;
    case 'evaluated':
      return `${event.objective} of ${event.individual.slice(0, 4)} is ${event.value.toFixed(3)}, by ${event.worker}`;
    case 'evaluation-failed':
      return `${event.objective} of ${event.individual.slice(0, 4)} failed: ${event.reason}`;
    case 'objective-joined':
      return `the objective ${event.name} joins, from epoch ${event.since} on`;
    case 'objective-left':
      return `the objective ${event.name} leaves in epoch ${event.epoch}: ${event.reason}`;
    case 'selected':
      return `epoch ${event.epoch} is selected, ${event.survivors.length} survive`;
    case 'worker-quarantined':
      return `${event.worker} is quarantined: ${event.reason}`;
    case 'rolled-back':
      return `epoch ${event.epoch} is rolled back: ${event.reason}`;
    case 'finished':
      return 'the search is finished';
  }
}
