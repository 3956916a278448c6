/** The table of what each block of a network costs, for people. */
import type { BlockCost } from '../space/cost.js';
import { print, textTable } from './output.js';

export const megabytes = (value: number): string => `${value.toFixed(2)} MB`;
export const grouped = (value: number): string => value.toLocaleString('en-GB');

export async function printBlocks(blocks: readonly BlockCost[]): Promise<void> {
  const columns = [
    { head: '#', align: 'right' as const },
    { head: 'block' },
    { head: 'parameters', align: 'right' as const },
    { head: 'FLOPs', align: 'right' as const },
    { head: 'output' },
  ];
  const rows = blocks.map((block) => [
    String(block.index),
    block.op,
    grouped(block.parameters),
    grouped(block.flops),
    block.outputShape.join(' x '),
  ]);
  await print(textTable(columns, rows));
}
