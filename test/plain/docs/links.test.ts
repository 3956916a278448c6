/** Every page leads where it says: links, anchors, and the files that are named in passing. */
import { existsSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, expandBraces, pages, prose, textOf } from './pages.js';

/** `[text](target)` and `![text](target)`. */
const LINK = /\]\(([^()\s]+)\)/g;

/** The anchors a page offers, made from its headings as GitHub makes them. */
function anchors(page: string): string[] {
  return [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

const links = pages.flatMap((page) =>
  [...prose(page).matchAll(LINK)].map(([, target = '']) => ({ page, target })),
);
const inside = links.filter(({ target }) => !/^[a-z]+:/.test(target));

/** `src/…`, `configs/…` and the like in backticks, or anywhere in a code block. */
const NAMED = /(?<![\w./-])(?:src|configs|docs|proto|test|setup|bench|bin)\/[\w./{},-]*[\w}]/g;

describe('links', () => {
  it('are there to be checked', () => {
    expect(pages).toEqual(
      expect.arrayContaining(['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'docs/README.md']),
    );
    expect(inside.length).toBeGreaterThan(60);
  });

  it('lead to a file or folder of the repository', () => {
    const dead = inside.filter(({ page, target }) => {
      const [path = ''] = target.split('#');
      return path !== '' && !existsSync(join(ROOT, posix.dirname(page), path));
    });
    expect(dead).toEqual([]);
  });

  it('lead to a heading where they name one', () => {
    const dead = inside.filter(({ page, target }) => {
      const [path = '', anchor] = target.split('#');
      if (anchor === undefined) return false;
      return !anchors(path === '' ? page : posix.join(posix.dirname(page), path)).includes(anchor);
    });
    expect(dead).toEqual([]);
  });

  it('to other places are encrypted', () => {
    expect(links.filter(({ target }) => target.startsWith('http:'))).toEqual([]);
  });

  it('or names reach every page from README.md', () => {
    const reached = new Set<string>();
    const visit = (page: string): void => {
      if (reached.has(page)) return;
      reached.add(page);
      const targets = inside
        .filter((one) => one.page === page)
        .map(({ target }) => posix.join(posix.dirname(page), target.split('#')[0] ?? ''));
      for (const target of [...targets, ...(textOf(page).match(NAMED) ?? [])]) {
        const folder = existsSync(join(ROOT, target)) && statSync(join(ROOT, target)).isDirectory();
        const path = folder ? posix.join(target, 'README.md') : target;
        if (pages.includes(path)) visit(path);
      }
    };
    visit('README.md');
    expect(pages.filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([]);
  });
});

describe('files', () => {
  it.each(pages)('that %s names are there', (page) => {
    const named = [...new Set((textOf(page).match(NAMED) ?? []).flatMap(expandBraces))];
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('that docs/guides/faults.md names as tests are there', () => {
    const named = [
      ...textOf('docs/guides/faults.md').matchAll(/`((?:plain|tensor|broker|whole)\/[\w./-]+)`/g),
    ].map(([, path = '']) => path);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((path) => !existsSync(join(ROOT, 'test', path)))).toEqual([]);
  });
});
