/**
 * A map by individual id that is never changed: `with` gives a new one that shares all but a handful of
 * nodes with the old. A search keeps everything it ever knew of every genotype, and every measurement
 * changes one entry; copying a `Map` for each would cost the square of population × epochs.
 *
 * A radix tree with 16 branches, one digit of the id a level. Ids are digests, so it is balanced by
 * itself, of depth log16(size); and equal contents are equal trees, whatever the order they came in.
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
  ) {}

  static empty<Value>(): IdMap<Value> {
    return new IdMap<Value>(null, 0);
  }

  get(id: string): Value | undefined {
    let node = this.root;
    for (let depth = 0; node !== null && isBranch(node); depth++) node = node[digit(id, depth)]!;
    return node?.id === id ? node.value : undefined;
  }

  has(id: string): boolean {
    return this.get(id) !== undefined;
  }

  /** The map with `value` under `id`. Errors: RangeError for an id that is not of hexadecimal digits. */
  with(id: string, value: Value): IdMap<Value> {
    return new IdMap(inserted(this.root, { id, value }, 0), this.has(id) ? this.size : this.size + 1);
  }

  /** Ascending by id, like every iteration. */
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

function digit(id: string, depth: number): number {
  const value = Number.parseInt(id.charAt(depth), RADIX);
  if (Number.isNaN(value))
    throw new RangeError(`expected an id of hexadecimal digits, none the beginning of another, got "${id}"`);
  return value;
}

function inserted<Value>(node: Node<Value> | null, leaf: Leaf<Value>, depth: number): Node<Value> {
  if (node === null) return leaf;
  if (isBranch(node)) {
    const at = digit(leaf.id, depth);
    return node.with(at, inserted(node[at]!, leaf, depth + 1));
  }
  if (node.id === leaf.id) return leaf;
  const branch: Branch<Value> = EMPTY_BRANCH.with(digit(node.id, depth), node as never);
  return inserted(branch, leaf, depth);
}

function* leaves<Value>(node: Node<Value> | null): Generator<Leaf<Value>, undefined> {
  if (node === null) return;
  if (!isBranch(node)) {
    yield node;
    return;
  }
  for (const child of node) yield* leaves(child);
}
