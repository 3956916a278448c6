/**
 * A genome as a row of cells, one a searchable block, grouped by the cells of the network. Colour and
 * digit tell the kernel, the height of the fill tells the expansion; `skip` is an empty cell with a
 * line through it.
 */
import type { MobileBlock } from '../../space/space.js';
import { parseOperation } from '../../space/space.js';
import type { Markup } from '../html.js';
import { html } from '../html.js';
import { KERNEL_INKS } from './palette.js';

const CELL = { width: 16, height: 24, gap: 2, group: 8 } as const;

/** Share of the cell that the smallest expansion fills: the digit fits in it. */
const LOWEST_FILL = 0.55;

/** Kernel and expansion; null for `skip`; undefined for an operation that this version does not know. */
function blockOf(operation: string): MobileBlock | null | undefined {
  try {
    return parseOperation(operation);
  } catch {
    return undefined;
  }
}

export interface GenomeLegend {
  /** Kernels from small to large: the position decides the colour. */
  readonly kernels: readonly number[];
  readonly expansions: readonly number[];
}

/** What occurs in the candidate operations, or in the genomes where those are unknown. */
export function genomeLegend(operations: readonly string[]): GenomeLegend {
  const blocks = operations.map(blockOf).filter((block) => block != null);
  const ascending = (numbers: readonly number[]): number[] => [...new Set(numbers)].sort((a, b) => a - b);
  return {
    kernels: ascending(blocks.map(({ kernel }) => kernel)),
    expansions: ascending(blocks.map(({ expansion }) => expansion)),
  };
}

function cellPicture(operation: string, x: number, legend: GenomeLegend): Markup {
  const { width, height } = CELL;
  const block = blockOf(operation);
  if (block === undefined)
    return html`<g class="skip"
      ><rect x="${x + 0.5}" y="0.5" width="${width - 1}" height="${height - 1}" rx="2.5" /><text
        x="${x + width / 2}"
        y="${height - 8}"
        >?</text
      ></g
    >`;
  if (block === null) {
    return html`<g class="skip"
      ><rect x="${x + 0.5}" y="0.5" width="${width - 1}" height="${height - 1}" rx="2.5" /><path
        d="M${x + width / 2} 4V${height - 4}"
    /></g>`;
  }
  const colour = Math.max(0, legend.kernels.indexOf(block.kernel)) % KERNEL_INKS.length;
  // Heights by rank, from just above the digit to full: neighbours such as 3 and 4 stay apart.
  const steps = Math.max(1, legend.expansions.length - 1);
  const rank = Math.max(0, legend.expansions.indexOf(block.expansion));
  const filled = Math.round((LOWEST_FILL + (1 - LOWEST_FILL) * (rank / steps)) * (height - 2) * 10) / 10;
  return html`<g class="kernel-${colour}"
    ><rect class="room" x="${x}" y="0" width="${width}" height="${height}" rx="2.5" /><rect
      class="fill"
      x="${x + 1}"
      y="${height - 1 - filled}"
      width="${width - 2}"
      height="${filled}"
      rx="1.8"
    /><text x="${x + width / 2}" y="${height - 4}">${block.kernel}</text></g
  >`;
}

/** The picture; `cells` are the numbers of blocks of the network's cells and sum to the genome's length. */
export function genomePicture(
  genome: readonly string[],
  cells: readonly number[],
  legend: GenomeLegend,
): Markup {
  const parts: Markup[] = [];
  let x = 0;
  let block = 0;
  for (const size of cells) {
    for (let i = 0; i < size && block < genome.length; i++, block++) {
      parts.push(cellPicture(genome[block]!, x, legend));
      x += CELL.width + CELL.gap;
    }
    x += CELL.group - CELL.gap;
  }
  const width = x - CELL.group;
  return html`<svg
    class="genome"
    role="img"
    width="${width}"
    height="${CELL.height}"
    viewBox="0 0 ${width} ${CELL.height}"
  >
    <title>${genome.join(', ')}</title>
    ${parts}
  </svg>`;
}

/** Key to the pictures: one cell for each kernel at the largest expansion, one for each expansion, and skip. */
export function genomeKey({ kernels, expansions }: GenomeLegend): Markup {
  const one = (operation: string, kernelsShown: readonly number[]): Markup =>
    html`<svg
      class="genome"
      aria-hidden="true"
      width="${CELL.width}"
      height="${CELL.height}"
      viewBox="0 0 ${CELL.width} ${CELL.height}"
    >
      ${cellPicture(operation, 0, { kernels: kernelsShown, expansions })}
    </svg>`;
  const largest = expansions.at(-1);
  const smallestKernel = kernels[0];
  if (largest === undefined || smallestKernel === undefined) return html``;
  const expanded = (expansion: number): Markup => one(`mb_k${smallestKernel}_e${expansion}`, kernels);
  return html`<p class="key" aria-hidden="true">
    ${kernels.map((kernel) => html`<span>${one(`mb_k${kernel}_e${largest}`, kernels)} kernel ${kernel}³</span>`)}
    ${expansions.map((expansion) => html`<span>${expanded(expansion)} expansion ${expansion}</span>`)}
    <span>${one('skip', kernels)} skip</span>
  </p>`;
}
