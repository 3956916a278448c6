/**
 * YAML text of a person → plain data, with the position of every key. Limits: 1 MiB, depth 32, 20,000 keys
 * and list entries, one document, no aliases (a few hundred bytes of them can expand to gigabytes), no custom tags.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { LineCounter, isAlias, isMap, isNode, isScalar, isSeq, parseDocument, visit } from 'yaml';
import { EmarsError } from '../errors/error.js';
import type { Problem } from './problem.js';
import { ConfigError } from './problem.js';

const LARGEST_FILE = 1024 * 1024;
const DEEPEST = 32;
const MOST_ENTRIES = 20_000;

/** What a text says, and where it says it: path → `name:line:column`. */
export interface YamlText {
  readonly value: unknown;
  readonly where: ReadonlyMap<string, string>;
}

function failure(where: string, expected: string, got: string, remedy: string): ConfigError {
  const problem: Problem = { where, path: '', expected, got, remedy };
  return new ConfigError([problem]);
}

/**
 * The text of a configuration file, at most 1 MiB of UTF-8. Errors: ConfigError (missing, a folder or pipe,
 * too large, not text).
 */
export function readConfigFile(path: string): string {
  const buffer = Buffer.alloc(LARGEST_FILE + 1);
  let length = 0;
  try {
    // Without O_NONBLOCK the opening of a pipe waits for a writer that may never come.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(file);
      if (!stats.isFile() && !stats.isDirectory()) throw new SpecialFile();
      for (let read = -1; read !== 0 && length <= LARGEST_FILE; length += read)
        read = readSync(file, buffer, length, buffer.length - length, null);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'cannot be read';
    const reasons: Record<string, string> = {
      ENOENT: 'no such file',
      EISDIR: 'a folder',
      EACCES: 'no permission to read it',
      ENOTDIR: 'no such file',
      ENXIO: 'a socket',
      SPECIAL: 'a pipe or device',
    };
    throw failure(
      path,
      'a configuration file',
      reasons[code] ?? code,
      'check the path given to --config; configs/ has examples',
    );
  }
  if (length > LARGEST_FILE)
    throw failure(
      path,
      `at most ${LARGEST_FILE} bytes of YAML`,
      'a larger file',
      'is this really a configuration?',
    );
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length));
  } catch {
    throw failure(path, 'UTF-8 text', 'bytes that are not UTF-8', 'save the file as UTF-8');
  }
}

/** What is no file: a pipe may never end, a device neither. */
class SpecialFile extends EmarsError {
  override readonly name = 'SpecialFile';
  readonly kind = 'usage';
  readonly code = 'SPECIAL';
}

/** Deepest nesting of brackets and indentation, before a recursive parser meets it. */
function nesting(text: string): number {
  let deepest = 0;
  let open = 0;
  for (const line of text.split('\n')) {
    // In block style every level costs a space or a dash at the head of a line.
    const head = /^[ \t]*(?:[-?:][ \t]+)*/.exec(line)?.[0].length ?? 0;
    for (const character of line) {
      if (character === '[' || character === '{') open++;
      else if (character === ']' || character === '}') open = Math.max(0, open - 1);
      deepest = Math.max(deepest, open);
    }
    deepest = Math.max(deepest, Math.floor(head / 2));
  }
  return deepest;
}

/** Most levels that brackets or indentation may seem to open in a text the parser is given. */
const DEEPEST_SEEMING = 512;

/**
 * Parses one YAML document. `name` is its name in messages. Errors: ConfigError with line and column,
 * all syntax errors at once.
 */
export function parseYaml(text: string, name: string): YamlText {
  if (Buffer.byteLength(text) > LARGEST_FILE)
    throw failure(
      name,
      `at most ${LARGEST_FILE} bytes of YAML`,
      'a larger text',
      'is this really a configuration?',
    );
  if (nesting(text) > DEEPEST_SEEMING)
    throw failure(
      name,
      `YAML at most ${DEEPEST} levels deep`,
      'deeper nesting',
      'is this really a configuration?',
    );
  const lines = new LineCounter();
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Compared pair by pair in the library: a minute for 90,000 keys. `locate` does it in one pass.
    uniqueKeys: false,
    version: '1.2',
    merge: false,
    logLevel: 'error',
  });
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    where: at(error.pos[0]),
    path: '',
    expected: 'valid YAML',
    got:
      error.code === 'MULTIPLE_DOCS'
        ? 'a second document'
        : (error.message.split('\n')[0] ?? '').replace(/[.:]?\s*$/, ''),
    remedy:
      error.code === 'TAB_AS_INDENT' ? 'indent with spaces' : 'check indentation, colons and quotes here',
  }));
  if (problems.length > 0) throw new ConfigError(problems);

  let entries = 0;
  visit(document, {
    Alias: (_, node) => {
      throw failure(
        at(node.range?.[0] ?? 0),
        'plain values',
        `an alias, *${node.source}`,
        'write the value out; aliases are not taken',
      );
    },
    Node: (_, node, path) => {
      if (++entries > 2 * MOST_ENTRIES)
        throw failure(
          name,
          `YAML of at most ${MOST_ENTRIES} keys and entries`,
          'more of them',
          'is this really a configuration?',
        );
      if (path.length > 2 * DEEPEST)
        throw failure(
          at(node.range?.[0] ?? 0),
          `YAML at most ${DEEPEST} levels deep`,
          'deeper nesting',
          'is this really a configuration?',
        );
    },
  });
  const where = new Map<string, string>();
  const twice: string[] = [];
  locate(document.contents, '', at, { where, twice });
  if (twice.length > 0)
    throw new ConfigError(
      twice.map((place) => ({
        where: place,
        path: '',
        expected: 'valid YAML',
        got: 'a key that is there already; keys must be unique',
        remedy: 'keep one of them',
      })),
    );
  return { value: document.toJS({ maxAliasCount: 0 }) as unknown, where };
}

interface Located {
  /** The place of each key and list entry, by path. */
  readonly where: Map<string, string>;
  /** Places of keys that stand twice in one section. */
  readonly twice: string[];
}

/** Fills `located`. */
function locate(node: unknown, path: string, at: (offset: number) => string, located: Located): void {
  const { where, twice } = located;
  if (!isNode(node) || isAlias(node)) return;
  if (isMap(node)) {
    const seen = new Set<string>();
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '?';
      const inner = path === '' ? name : `${path}.${name}`;
      const place = at((isNode(key) ? key.range?.[0] : null) ?? 0);
      if (seen.has(name)) twice.push(place);
      seen.add(name);
      if (isNode(key)) where.set(inner, place);
      locate(value, inner, at, located);
    }
  } else if (isSeq(node)) {
    node.items.forEach((item, index) => {
      const inner = `${path}[${index}]`;
      if (isNode(item)) where.set(inner, at(item.range?.[0] ?? 0));
      locate(item, inner, at, located);
    });
  }
}
