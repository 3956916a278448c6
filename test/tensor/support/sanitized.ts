/** C++ programs built with the compiler's sanitizers, where it has them and they run here. */
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findCompiler } from '#emars/native/compiler.js';

export const NATIVE = fileURLToPath(new URL('../../../native', import.meta.url));
export const call = promisify(execFile);
const compiler = (await findCompiler(process.env))?.command ?? null;

/** Compiles `sources` to the program at `path`. */
export async function build(path: string, sanitizer: string, sources: readonly string[]): Promise<string> {
  const [first, ...rest] = compiler!;
  await call(first, [
    ...rest,
    ...['-std=c++17', '-O1', '-g', '-ffp-contract=off', '-pthread', `-I${NATIVE}`, '-D_GLIBCXX_ASSERTIONS'],
    ...[`-fsanitize=${sanitizer}`, '-fno-sanitize-recover=all'],
    ...['-DEMARS_NAMESPACE=emars_plain', '-DEMARS_ENTRY=plainKernels'],
    ...[...sources, '-o', path],
  ]);
  return path;
}

/** Why programs with this sanitizer cannot be made or run here; null where they can. */
export async function lacking(sanitizer: string): Promise<string | null> {
  if (compiler === null) return 'there is no C++ compiler';
  const source = join(tmpdir(), `emars-nothing-${process.pid}.cc`);
  const program = `${source}.out`;
  try {
    writeFileSync(source, 'int main() { return 0; }\n');
    await call(compiler[0], [...compiler.slice(1), `-fsanitize=${sanitizer}`, source, '-o', program]);
    await call(program);
    return null;
  } catch {
    return `the compiler has no -fsanitize=${sanitizer}, or its programs do not run here`;
  } finally {
    rmSync(source, { force: true });
    rmSync(program, { force: true });
  }
}
