/**
 * HTML by tagged template. What is put in is text and is escaped, unless it is markup made here:
 * a run name, a genome or an error message can never become an element.
 */

/** Text that is already HTML. Made only by `html` and by `trusted`. */
export class Markup {
  constructor(readonly text: string) {}
}

/** What a template accepts. Null and false put in nothing. */
export type Content = Markup | string | number | null | false | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Characters that XML forbids and a terminal may act on are shown as U+FFFD. */
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

/** Text for element content and for quoted attributes, in HTML and in SVG. */
export function escape(text: string): string {
  return text.replace(CONTROL, '\ufffd').replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

function render(content: Content): string {
  if (content === null || content === false) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'string' || typeof content === 'number') return escape(String(content));
  return content.map(render).join('');
}

/** A piece of HTML; every value is escaped as text. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(parts.map((part, index) => part + render(values[index] ?? null)).join(''));
}

/** Declares text of our own making (style sheet, drawn SVG) to be markup. Never for what was read. */
export function trusted(text: string): Markup {
  return new Markup(text);
}
