/**
 * The configuration: first what differs from the defaults, then all of it; and where it ran.
 */
import type { Content, Markup } from '../html.js';
import { html } from '../html.js';
import type { ReportData } from '../report-data.js';
import { differences, settingText } from './settings.js';
import { table } from './table.js';

export function settingsSection(
  { run: { settings, settingsText, record } }: ReportData,
  defaults: unknown,
): Markup {
  const found = differences(settings, defaults);
  const code = (value: unknown): Content => html`<code class="prose">${settingText(value)}</code>`;
  const fingerprint = Object.entries(record.fingerprint);
  return html`${
      found.length === 0
        ? html`<p>All settings are the defaults.</p>`
        : table(
            'Settings that differ from the defaults',
            [{ head: 'setting' }, { head: 'this run' }, { head: 'default' }],
            found.map(({ path, before, now }) => ({
              cells: [html`<code>${path}</code>`, code(now), code(before)],
            })),
          )
    }
    <details>
      <summary>The whole configuration</summary>
      <pre tabindex="0">${settingsText}</pre>
    </details>
    ${
      fingerprint.length > 0 &&
      html`<details>
        <summary>Where it ran</summary>
        ${table(
          'Fingerprint of the machine: equal fingerprints give equal bits',
          [{ head: 'what' }, { head: 'value' }],
          fingerprint.map(([name, value]) => ({ cells: [name, code(value)] })),
        )}
      </details>`
    }`;
}
