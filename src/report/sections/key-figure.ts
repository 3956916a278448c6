/** One of the key figures at the head of a page, inside `<dl class="key-figures">`. */
import type { Markup } from '../html.js';
import { html } from '../html.js';

export function keyFigure(name: string, value: string, remark: string): Markup {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
    <dd class="remark">${remark}</dd>
  </div>`;
}
