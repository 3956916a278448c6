/** Things that go out of step in silence: versions, decisions, and words that belong to one machine only. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, files, pages, textOf } from './pages.js';

const manifest = JSON.parse(textOf('package.json')) as { version: string; license: string };

it('CHANGELOG.md begins with the version of package.json, and a date', () => {
  const [, version, date] = /^## (\S+) — (\S+)$/m.exec(textOf('CHANGELOG.md')) ?? [];
  expect(version).toBe(manifest.version);
  expect(date).toMatch(/^\d{4}-\d{2}-\d{2}$/);
});

it('LICENSE is the one that package.json names', () => {
  expect(manifest.license).toBe('Apache-2.0');
  expect(textOf('LICENSE')).toMatch(
    /Apache License\s+Version 2\.0, January 2004[\s\S]*END OF TERMS AND CONDITIONS/,
  );
});

describe('decisions', () => {
  const records = pages.filter((page) => /^docs\/decisions\/\d/.test(page));

  it('have a number each, a title with it, and at most 40 lines', () => {
    const numbers = records.map((page) => page.slice('docs/decisions/'.length, 'docs/decisions/'.length + 4));
    expect(records.length).toBeGreaterThan(10);
    expect(new Set(numbers).size).toBe(records.length);
    for (const [i, page] of records.entries()) {
      expect(textOf(page)).toMatch(new RegExp(`^# ${numbers[i] ?? ''}[:.]? `));
      expect(textOf(page).trimEnd().split('\n').length, page).toBeLessThanOrEqual(40);
    }
  });

  it('all stand in their index under their own title', () => {
    const index = textOf('docs/decisions/README.md');
    for (const page of records) {
      const [, number = '', title = ''] = /^# (\d+)[:.]? (.+)$/m.exec(textOf(page)) ?? [];
      expect(index).toContain(`| [${number}](${page.slice('docs/decisions/'.length)}) | ${title} |`);
    }
  });
});

describe('no file', () => {
  /** Made of halves, so that this file does not hold what it looks for. */
  const folder = (name: string): RegExp => new RegExp(`(?<![\\w.\\-/}])/${name}/`);
  const FORBIDDEN = [
    folder('wo' + 'rk'),
    folder('tmp/eng' + 'ine'),
    folder('ro' + 'ot'),
    folder('ho' + 'me'),
  ];
  /** Public hosts, and this machine's own. */
  const HOSTS = [
    '127.0.0.1',
    'localhost',
    'registry.npmjs.org',
    'arxiv.org',
    'github.com',
    'mosmed.ai',
    'www.apache.org',
    'semver.org',
    'www.w3.org',
    'nodejs.org',
  ];
  const texts = files()
    .filter((path) =>
      /\.(?:md|ts|mjs|cjs|js|json|ya?ml|proto|py|svg|sh|txt|csv|html)$|^\.?[A-Za-z]+$|^\.ci\//.test(path),
    )
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));

  it('is passed over', () => {
    expect(texts.length).toBeGreaterThan(200);
    expect(texts.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'LICENSE',
        '.ci/run',
        '.gitignore',
        'package-lock.json',
        'docs/pictures/front.svg',
      ]),
    );
  });

  it('names a folder of one machine', () => {
    const found = texts.flatMap(({ path, text }) =>
      text
        .split('\n')
        .flatMap((line, i) =>
          FORBIDDEN.some((word) => word.test(line)) ? [`${path}:${i + 1}: ${line.slice(0, 120)}`] : [],
        ),
    );
    expect(found).toEqual([]);
  });

  it('holds a merge that nobody ended', () => {
    const marks = [/^<{7} /m, /^={7}$/m, /^>{7} /m];
    const found = texts.filter(({ text }) => marks.some((mark) => mark.test(text))).map(({ path }) => path);
    expect(found).toEqual([]);
  });

  it('names a host that is not public', () => {
    // A lock file repeats where packages ask for money; what counts is where they are fetched from.
    const asked = texts.map(({ path, text }) => ({
      path,
      text: path === 'package-lock.json' ? (text.match(/"resolved": ".*"/g) ?? []).join() : text,
    }));
    const found = asked.flatMap(({ path, text }) =>
      [...text.matchAll(/\bhttps?:\/\/([A-Za-z0-9.-]+)/g)].flatMap(([, host = '']) =>
        HOSTS.includes(host.replace(/\.$/, '')) ? [] : [`${path}: ${host}`],
      ),
    );
    expect([...new Set(found)]).toEqual([]);
  });

  it('would be found otherwise', () => {
    expect(FORBIDDEN[0]?.test(`see /${'wo' + 'rk'}/main`)).toBe(true);
    expect(FORBIDDEN[0]?.test('src/net' + 'work/blocks.ts')).toBe(false);
  });
});
