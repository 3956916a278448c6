/** How contents lie in the object store of a run: in pieces, so that many come at a time and none comes twice. */

export const PIECE_BYTES = 4 * 1024 * 1024;

/** Pieces of a content; at least one. */
export function pieceCount(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / PIECE_BYTES));
}

/** Bytes of the piece at `index`. */
export function pieceBytes(bytes: number, index: number): number {
  return Math.min(PIECE_BYTES, bytes - index * PIECE_BYTES);
}

export function pieceName(sha256: string, index: number): string {
  return `${sha256}.${index}`;
}
