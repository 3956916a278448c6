/**
 * Digest of a slot's vector: the SHA-256 of its length and of the tags of its chunks. So each chunk is looked at when
 * it comes, while it is in the cache, and nothing is left to be done when the last one has come.
 */
import { createHash } from 'node:crypto';
import { Assembly, bytesOf, chunkCount, firstNonFinite } from './chunks.js';
import type { ChunkVerdict } from './chunks.js';
import { TAG_BYTES, tagOf } from './tag.js';

/** The digest in hex, 32 bytes. All members of a run cut at the same `chunkBytes`. */
export function slotDigestOf(vector: Float32Array, chunkBytes: number): string {
  const tags = new Uint8Array(TAG_BYTES * chunkCount(vector.length, chunkBytes));
  for (let at = 0; at < tags.length; at += TAG_BYTES)
    tags.set(tagOf(bytesOf(pieceOf(vector, at / TAG_BYTES, chunkBytes))), at);
  return digestOfTags(vector.length, tags);
}

/** A slot's vector on its way in. */
export class SlotAssembly extends Assembly {
  private readonly tags: Uint8Array;
  /** Position of the first value that is no finite number, of what has come; -1: none. */
  firstBad = -1;

  constructor(length: number, chunkBytes: number) {
    super(length, chunkBytes);
    this.tags = new Uint8Array(TAG_BYTES * chunkCount(length, chunkBytes));
  }

  override add(index: number, payload: Uint8Array): ChunkVerdict {
    const verdict = super.add(index, payload);
    if (verdict === 'stored' || verdict === 'complete') this.look(index);
    return verdict;
  }

  /** As `slotDigestOf`, of a complete vector. */
  digest(): string {
    return digestOfTags(this.length, this.tags);
  }

  private look(index: number): void {
    const piece = pieceOf(this.vector, index, this.chunkBytes);
    this.tags.set(tagOf(bytesOf(piece)), TAG_BYTES * index);
    const bad = firstNonFinite(piece);
    if (bad < 0) return;
    const position = (index * this.chunkBytes) / 4 + bad;
    this.firstBad = this.firstBad < 0 ? position : Math.min(this.firstBad, position);
  }
}

function pieceOf(vector: Float32Array, index: number, chunkBytes: number): Float32Array {
  return vector.subarray((index * chunkBytes) / 4, ((index + 1) * chunkBytes) / 4);
}

function digestOfTags(length: number, tags: Uint8Array): string {
  return createHash('sha256').update(`${length} `).update(tags).digest('hex');
}
