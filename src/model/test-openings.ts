/** How often the test set was opened for a model, which every page with its figures must say. */
import type { ModelDocument } from './schema.js';

/** 0: never. Above 1, another model of the same network had seen it before. */
export function testOpeningsOf({ training }: Pick<ModelDocument, 'training'>): number {
  const { testOpenings } = training.options;
  return typeof testOpenings === 'number' ? testOpenings : 0;
}

/** What stands beside figures that are not those of a first look; null where they are. */
export function openingsRemark(document: Pick<ModelDocument, 'training'>): string | null {
  const openings = testOpeningsOf(document);
  return openings > 1
    ? `the test set was opened ${openings} times: these figures are not those of one honest look`
    : null;
}
