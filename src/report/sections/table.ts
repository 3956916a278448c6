/**
 * Tables with headings, in a region of their own that scrolls where a screen is narrow: the page
 * itself never does.
 */
import type { Content, Markup } from '../html.js';
import { html } from '../html.js';

export interface Column {
  readonly head: Content;
  /** Numbers are set flush right in figures of equal width. */
  readonly numeric?: boolean;
}

export interface TableRow {
  readonly cells: readonly Content[];
  /** Set apart, as the best individual or a sum. */
  readonly strong?: boolean;
}

/** More of them do not fit a narrow screen: what is cut off there must be announced. */
const COLUMNS_OF_A_PHONE = 4;

/** `caption` stands above the table, outside of what scrolls, and names it; the first cell of a row is its heading. */
export function table(caption: string, columns: readonly Column[], rows: readonly TableRow[]): Markup {
  const kind = (index: number): Content => columns[index]?.numeric === true && html` class="number"`;
  const cellOf = (cell: Content, index: number): Markup =>
    index === 0 ? html`<th scope="row" ${kind(index)}>${cell}</th>` : html`<td${kind(index)}>${cell}</td>`;
  return html`<p class="caption" aria-hidden="true">
      ${caption}${columns.length > COLUMNS_OF_A_PHONE && html`<span class="sideways"> (scrolls sideways →)</span>`}
    </p>
    <div class="table" role="region" tabindex="0" aria-label="${caption}">
      <table aria-label="${caption}">
        <thead>
          <tr>
            ${columns.map((column, index) => html`<th scope="col" ${kind(index)}>${column.head}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ cells, strong }) =>
              html`<tr${strong === true && html` class="strong"`}>${cells.map(cellOf)}</tr>
`,
          )}
        </tbody>
      </table>
    </div>`;
}
