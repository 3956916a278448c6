/** What both sides of the exchange benchmark do: each member has a vector, and every other member comes to hold it. */
import type { BusLogin } from '#emars/runtime/bus/login.js';

/** Floats of a vector: 16 MB, a slot of the paper's SuperNet. */
export const VECTOR_FLOATS = 4_000_000;

export const MEMBERS = [2, 4];

/** Our time / raw time that is still good: what EMARS adds to the client may cost so much. */
export const GOAL = 0.85;

/** What a member is started with, as JSON. */
export interface MemberSetup {
  readonly url: string;
  readonly login: BusLogin | null;
  readonly run: string;
  readonly id: string;
  readonly members: number;
}

export const idOf = (member: number): string => `member-${member}`;

/** Finite values, of which no two members have the same. */
export function vectorOf(member: number): Float32Array {
  return Float32Array.from({ length: VECTOR_FLOATS }, (_, i) => member + (i % 1009) / 1024);
}

/** One side: its members are processes, and a round ends when each of them holds everything. */
export interface Side {
  round(): Promise<void>;
  end(): void;
}
