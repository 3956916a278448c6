/** What a person reads while a search waits for trainers of other hosts. */
import { expect, it } from 'vitest';
import { gatheringNotes } from '#emars/library/gathering-notes.js';

it('says how many are missing, once for each that comes or goes, until the search has begun', () => {
  const notes = gatheringNotes(2);
  const told = (phase: 'preparing' | 'search', trainersAlive: number): string[] =>
    notes({ phase, trainersAlive });
  expect(told('preparing', 0)).toEqual([expect.stringContaining('waits for 2 trainers, 0 of them are here')]);
  expect(told('preparing', 0)).toEqual([]);
  expect(told('preparing', 1)).toEqual([expect.stringContaining('1 of them is here')]);
  expect(told('preparing', 2)).toEqual([]);
  expect(told('search', 2)).toEqual([]);
  expect(told('preparing', 1)).toEqual([]);
});

it('says nothing where no minimum was asked for', () => {
  expect(gatheringNotes(0)({ phase: 'preparing', trainersAlive: 0 })).toEqual([]);
});
