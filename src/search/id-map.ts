/**
 * A map by id that is never changed: `with` gives a new one that shares all but a handful of nodes with the
 * old. A search keeps everything it ever knew of every genotype, and every measurement changes one entry;
 * copying a `Map` for each would cost the square of population × epochs. The same holds for what is known
 * of each of a thousand workers, and changes with every message.
 *
 * A radix tree with 16 branches, one digit of the id a level, of depth log16(size): ids of individuals are
 * digests, those of workers are hashed. Equal contents are equal trees, whatever the order they came in.
 */
interface Leaf<Value> {
  readonly id: string;
  readonly value: Value;
}
type Branch<Value> = readonly (Node<Value> | null)[];
type Node<Value> = Leaf<Value> | Branch<Value>;

const RADIX = 16;
const EMPTY_BRANCH: readonly null[] = new Array<null>(RADIX).fill(null);

export class IdMap<Value> implements ReadonlyMap<string, Value> {
  private constructor(
    private readonly root: Node<Value> | null,
    readonly size: number,
    private readonly by: By,
  ) {}

  /** By digests; iterates in their order. */
  static empty<Value>(): IdMap<Value> {
    return new IdMap<Value>(null, 0, 'digest');
  }

  /** By names of any kind; iterates in an order that follows from the names alone. */
  static byName<Value>(entries: Iterable<readonly [string, Value]> = []): IdMap<Value> {
    let map = new IdMap<Value>(null, 0, 'name');
    for (const [name, value] of entries) map = map.with(name, value);
    return map;
  }

  get(id: string): Value | undefined {
    let node = this.root;
    for (let depth = 0; node !== null && isBranch(node); depth++) node = node[digit(this.by, id, depth)]!;
    return node?.id === id ? node.value : undefined;
  }

  has(id: string): boolean {
    return this.get(id) !== undefined;
  }

  /** The map with `value` under `id`. Errors: RangeError for a digest that is not of hexadecimal digits. */
  with(id: string, value: Value): IdMap<Value> {
    const { root, size, by } = this;
    return new IdMap(inserted(root, { id, value }, by, 0), this.has(id) ? size : size + 1, by);
  }

  /** In the order of the tree, like every iteration. */
  *entries(): Generator<[string, Value], undefined> {
    for (const { id, value } of leaves(this.root)) yield [id, value];
  }

  *keys(): Generator<string, undefined> {
    for (const { id } of leaves(this.root)) yield id;
  }

  *values(): Generator<Value, undefined> {
    for (const { value } of leaves(this.root)) yield value;
  }

  [Symbol.iterator](): Generator<[string, Value], undefined> {
    return this.entries();
  }

  forEach(visit: (value: Value, id: string, map: ReadonlyMap<string, Value>) => void): void {
    for (const { id, value } of leaves(this.root)) visit(value, id, this);
  }
}

function isBranch<Value>(node: Node<Value>): node is Branch<Value> {
  return Array.isArray(node);
}

/** What the ids of a map are. */
type By = 'digest' | 'name';

/** The digit of an id that its branch at this depth follows from. */
function digit(by: By, id: string, depth: number): number {
  return by === 'digest' ? ownDigit(id, depth) : hashDigit(id, depth);
}

function ownDigit(id: string, depth: number): number {
  const value = Number.parseInt(id.charAt(depth), RADIX);
  if (Number.isNaN(value))
    throw new RangeError(`expected an id of hexadecimal digits, none the beginning of another, got "${id}"`);
  return value;
}

/** The eight digits of a hash (FNV-1a), then the text's own: names of one hash are told apart by what they are. */
function hashDigit(name: string, depth: number): number {
  if (depth >= 8) return (name.charCodeAt((depth - 8) >> 2) >>> (4 * (depth & 3))) & 15;
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return ((hash ^ (hash >>> 15)) >>> (4 * depth)) & 15;
}

function inserted<Value>(node: Node<Value> | null, leaf: Leaf<Value>, by: By, depth: number): Node<Value> {
  if (node === null) return leaf;
  if (isBranch(node)) {
    const at = digit(by, leaf.id, depth);
    return node.with(at, inserted(node[at]!, leaf, by, depth + 1));
  }
  if (node.id === leaf.id) return leaf;
  const branch: Branch<Value> = EMPTY_BRANCH.with(digit(by, node.id, depth), node as never);
  return inserted(branch, leaf, by, depth);
}

function* leaves<Value>(node: Node<Value> | null): Generator<Leaf<Value>, undefined> {
  if (node === null) return;
  if (!isBranch(node)) {
    yield node;
    return;
  }
  for (const child of node) yield* leaves(child);
}
