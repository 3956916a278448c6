/**
 * Sizes for a history that does not have them: a search for accuracy alone (experiment A) still gets
 * its Fig. 4. A size is arithmetic on the genome, so nothing is lost by computing it here.
 */
import { z } from 'zod';
import { pathCost } from '../space/cost.js';
import { asGenome } from '../space/genome.js';
import { superNetLayout } from '../space/layout.js';
import type { Operation, SearchSpace } from '../space/space.js';
import type { Settings } from '../run/config.js';
import type { HistoryLine } from '../run/history.js';
import { settingAt } from './sections/settings.js';

const channels = z.number().int().min(1).max(65536);
const spaceSchema = z.object({
  stem: channels,
  widths: z.array(channels).min(1).max(64),
  strides: z.array(z.number().int().min(1).max(2)).min(1).max(64),
  blocks: z.array(z.number().int().min(1).max(64)).min(1).max(64),
  operations: z
    .array(z.string().regex(/^(skip|mb_k[1-9]\d?_e[1-9]\d?)$/))
    .min(1)
    .max(64),
  head: channels,
});

/** Parameters do not depend on the input; any will do. */
const ANY_INPUT = { slices: 1, size: 1 } as const;

/** The same lines, each with a size in MB where one can be computed; others as they are. */
export function withSizes(
  history: readonly HistoryLine[],
  settings: Settings,
  classes: number | null,
): readonly HistoryLine[] {
  if (classes === null || history.every((line) => line.values['size'] !== undefined)) return history;
  const checked = spaceSchema.safeParse(settingAt(settings, 'supernet'));
  if (!checked.success) return history;
  const space: SearchSpace = { ...checked.data, operations: checked.data.operations as Operation[], classes };
  const known = new Map<string, number | null>();
  const sizeOf = measured(space);
  return history.map((line) => {
    if (line.values['size'] !== undefined) return line;
    const size = known.has(line.id) ? (known.get(line.id) ?? null) : sizeOf(line.genome);
    known.set(line.id, size);
    return size === null ? line : { ...line, values: { ...line.values, size } };
  });
}

/** Size of a genome in MB; null where genome and configuration do not belong together. */
function measured(space: SearchSpace): (genome: readonly string[]) => number | null {
  try {
    const layout = superNetLayout(space);
    return (genome) => {
      try {
        return pathCost(space, asGenome(space, genome), ANY_INPUT, layout).sizeMB;
      } catch {
        return null;
      }
    };
  } catch {
    return () => null;
  }
}
