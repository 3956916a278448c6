/** What events copy, counted: entries of arrays, maps and objects in a state that the state before had not. */
import { describe, expect, it, vi } from 'vitest';
import { apply } from '#emars/search/apply.js';
import type { SearchEvent } from '#emars/search/events.js';
import { IdMap } from '#emars/search/id-map.js';
import type { SearchRules, SearchState } from '#emars/search/state.js';
import { initialState } from '#emars/search/state.js';
import { nextEvent, RULES, wholeSearch } from './support.js';

/** Entries of everything reachable from a value and not in `seen`, which then holds it. */
function newEntries(value: unknown, seen: Set<unknown>): number {
  if (typeof value !== 'object' || value === null || seen.has(value)) return 0;
  seen.add(value);
  const entries: unknown[] =
    value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : Object.values(value);
  return entries.reduce<number>((sum, entry) => sum + newEntries(entry, seen), entries.length);
}

/** The events of a whole search, the state after each, and the entries that each made new. */
function copies(rules: SearchRules): { events: SearchEvent[]; states: SearchState[]; made: number[] } {
  const { events, states } = wholeSearch(rules);
  const seen = new Set<unknown>();
  return { events, states, made: states.map((state) => newEntries(state, seen)) };
}

/** The most that one event of each type made in some epochs, the rows it adds to the history left out. */
function most(
  { events, states, made }: ReturnType<typeof copies>,
  from: number,
  to: number,
): Record<string, number> {
  const found: Record<string, number> = {};
  states.forEach(({ epoch, history }, i) => {
    if (epoch < from || epoch > to || i === 0) return;
    const { type } = events[i]!;
    // The list of rows itself is copied once an epoch, as it is written once an epoch.
    const list = history === states[i - 1]!.history ? 0 : history.length;
    found[type] = Math.max(found[type] ?? 0, made[i]! - list);
  });
  return found;
}

describe('what an event copies', () => {
  const rules: SearchRules = {
    ...RULES,
    space: { ...RULES.space, blocks: [4, 4] },
    epochs: 60,
    population: 12,
    keep: 6,
  };

  it('does not grow with the epochs before it', () => {
    const search = copies(rules);
    const [early, late] = [most(search, 6, 15), most(search, 50, 59)];
    expect(Object.keys(late).sort()).toEqual([
      'epoch-planned',
      'epoch-trained',
      'evaluated',
      'selected',
      'step-committed',
    ]);
    // Individuals known: more than three times as many, so a copy of all would show.
    const known = (epoch: number): number =>
      search.states.find((state) => state.epoch === epoch)!.individuals.size;
    expect(known(50)).toBeGreaterThan(3 * known(6));
    for (const [type, count] of Object.entries(late)) {
      // The tree of individuals is a level deeper; a survivor's own accuracies are a longer list.
      expect(count, type).toBeLessThan(1.6 * early[type]! + 60);
      if (type === 'evaluated') expect(count).toBeLessThan(known(50));
    }
  });

  it('is one entry of a map for each individual that it is about', () => {
    // Every individual of an epoch is in several of its mini-batches.
    const crowded: SearchRules = { ...rules, epochs: 4, stepsPerEpoch: 4 * rules.population };
    const replaced = vi.spyOn(IdMap.prototype, 'with');
    let state = initialState();
    for (let event = nextEvent(crowded, state); event !== null; event = nextEvent(crowded, state)) {
      const { plan } = state;
      replaced.mockClear();
      state = apply(crowded, state, event);
      const times = replaced.mock.calls.length;
      if (event.type === 'epoch-trained') expect(times).toBe(plan!.individuals.length);
      else if (event.type === 'evaluated') expect(times).toBe(event.objective === 'accuracy' ? 2 : 1);
      else if (event.type === 'epoch-planned')
        expect(times).toBe(
          plan === null && state.plan!.kind === 'warm-up' ? state.plan!.individuals.length : 0,
        );
      else expect(times).toBeLessThanOrEqual(event.type === 'selected' ? crowded.population : 0);
    }
    replaced.mockRestore();
  });
});
