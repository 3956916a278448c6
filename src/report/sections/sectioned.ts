/** The body of a page in sections: links to all of them, then each under its heading. */
import type { Content, Markup } from '../html.js';
import { html } from '../html.js';

export interface PageSection {
  /** Of the element, and what the link leads to. */
  readonly id: string;
  readonly title: string;
  readonly content: Content;
}

export function sectioned(sections: readonly PageSection[]): Markup {
  return html`<nav aria-label="Sections">
      ${sections.map(({ id, title }) => html`<a href="#${id}">${title}</a>`)}
    </nav>
    ${sections.map(
      ({ id, title, content }) =>
        html`<section id="${id}" aria-labelledby="${id}-heading">
          <h2 id="${id}-heading">${title}</h2>
          ${content}
        </section> `,
    )}`;
}
