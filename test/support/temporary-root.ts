/**
 * All temporary folders of a run of vitest lie in one, which goes when it ends: files remove their own, but one that
 * fails to load, or is stopped, does not.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What vitest calls before it starts its workers, which inherit the environment, and what it calls after them. */
export default function inOneFolder(): () => void {
  const before = process.env['TMPDIR'];
  const root = mkdtempSync(join(tmpdir(), 'emars-vitest-'));
  process.env['TMPDIR'] = root;
  return () => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    rmSync(root, { recursive: true, force: true });
  };
}
