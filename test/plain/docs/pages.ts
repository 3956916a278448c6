/** The pages of the repository as a reader has them: which there are, their text, code blocks and links. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../../..');

/** What git does not track (.gitignore), and git itself. */
const PASSED_OVER = new Set([
  'node_modules',
  '.git',
  'dist',
  'dist-bench',
  'dist-sim',
  'dist-api',
  '.types',
  'runs',
  'generated',
  'coverage',
  '.vitest',
]);

/** Paths of all files, relative to the root, in a fixed order. */
export function files(folder = ''): string[] {
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  return entries.flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory() && isRun(path)) return [];
    if (entry.isDirectory()) return PASSED_OVER.has(entry.name) || path === 'data' ? [] : files(path);
    return entry.isFile() && entry.name !== '.git' && !entry.name.endsWith('.log') ? [path] : [];
  });
}

/** A run kept inside the clone is the user's; those among the fixtures are ours. */
function isRun(path: string): boolean {
  const has = (name: string): boolean => existsSync(join(ROOT, path, name));
  return !path.startsWith('test/') && has('config.yaml') && (has('run.json') || has('journal'));
}

export const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** All Markdown pages. */
export const pages = files().filter((path) => path.endsWith('.md'));

export interface CodeBlock {
  readonly page: string;
  readonly language: string;
  readonly lines: readonly string[];
}

/** The fenced code blocks of a page, without the indentation of a list they stand in. */
export function codeBlocks(page: string): CodeBlock[] {
  return [...textOf(page).matchAll(/^( *)```(\w*)\n([\s\S]*?)^ *```$/gm)].map(
    ([, indent = '', language = '', code = '']) => ({
      page,
      language,
      lines: code
        .trimEnd()
        .split('\n')
        .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line)),
    }),
  );
}

/** A page without its fenced code. */
export function prose(page: string): string {
  return textOf(page).replace(/^ *```[\s\S]*?^ *```$/gm, '');
}

/** `a/{b,c}.md` is two paths. */
export function expandBraces(text: string): string[] {
  const match = /^(.*?)\{([^{}]*)\}(.*)$/.exec(text);
  if (match === null) return [text];
  const [, before = '', choices = '', after = ''] = match;
  return choices.split(',').flatMap((choice) => expandBraces(`${before}${choice}${after}`));
}
