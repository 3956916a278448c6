/** Inputs that are kept: what a longer search for them found worth keeping, and what once was a find. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(process.cwd(), 'test/fuzz');

/** `corpus`: they reach code that no seed reaches. `regressions`: each of them once was a find. */
export function kept(target: string, kind: 'corpus' | 'regressions'): { name: string; bytes: Buffer }[] {
  const folder = join(ROOT, kind, target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
}
