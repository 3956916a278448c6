/** Modules of users that misbehave, each in a real process: the measurement fails with a reason, and no more. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MeasurementFailed, ObjectiveUnfit, Sandbox } from '#emars/actors/objective/sandbox.js';

const root = mkdtempSync(join(tmpdir(), 'emars-sandbox-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let written = 0;

function moduleOf(text: string): string {
  const path = join(root, `module-${written++}.mjs`);
  writeFileSync(path, text);
  return path;
}

/** An objective whose `measure(subject)` has this body. */
const measuring = (body: string): string =>
  moduleOf(
    `export default { name: 'odd', unit: '', direction: 'min', needs: 'genome', measure(subject) { ${body} } };`,
  );

async function inSandbox<T>(
  path: string,
  use: (sandbox: Sandbox) => Promise<T>,
  limits = { deadlineSeconds: 60, memoryMB: 512 },
): Promise<T> {
  const sandbox = new Sandbox(path, limits);
  try {
    return await use(sandbox);
  } finally {
    sandbox.close();
  }
}

const failure = (sandbox: Sandbox, subject: object = {}): Promise<unknown> =>
  sandbox.measure(subject).then(
    ({ value }) => `a value, ${value}`,
    (error: unknown) => (error instanceof MeasurementFailed ? error.message : error),
  );

describe('an objective in its sandbox', { timeout: 300_000 }, () => {
  it('says what it is, and measures what it is given', () =>
    inSandbox(measuring('return { value: subject.x + 1 };'), async (sandbox) => {
      expect(await sandbox.describe()).toEqual({ name: 'odd', unit: '', direction: 'min', needs: 'genome' });
      expect(await sandbox.measure({ x: 2 })).toEqual({ value: 3, defined: true });
    }));

  it('fails with the reason where it throws or returns no number that can be selected by', () =>
    inSandbox(
      measuring(
        `const odd = { nan: { value: NaN }, text: { value: '7' }, huge: { value: 1e308 }, none: undefined };
         if (subject.is === 'throws') throw new Error('no such layer');
         return odd[subject.is];`,
      ),
      async (sandbox) => {
        expect(await failure(sandbox, { is: 'throws' })).toBe('no such layer');
        expect(await failure(sandbox, { is: 'nan' })).toContain('{ value: NaN }');
        expect(await failure(sandbox, { is: 'text' })).toContain("{ value: '7' }");
        expect(await failure(sandbox, { is: 'huge' })).toContain('{ value: 1e+308 }');
        expect(await failure(sandbox, { is: 'none' })).toContain('undefined');
      },
    ));

  it('that ends its process fails, in the second process too, and the next measurement has a third', () =>
    inSandbox(
      measuring('if (subject.leave) process.exit(0); return { value: process.pid };'),
      async (sandbox) => {
        const before = (await sandbox.measure({})).value;
        expect(await failure(sandbox, { leave: true })).toBe('its process ended with code 0');
        expect((await sandbox.measure({})).value).not.toBe(before);
      },
    ));

  it('that hangs is ended at its deadline', () =>
    inSandbox(
      measuring('for (;;);'),
      async (sandbox) => expect(await failure(sandbox)).toBe('it did not answer within 1 s'),
      { deadlineSeconds: 1, memoryMB: 512 },
    ));

  it.each([
    ['buffers', 'const all = []; for (;;) all.push(Buffer.alloc(2 ** 24, 1));'],
    ['objects', 'const all = []; for (;;) all.push(new Array(1000).fill(subject).map((x) => ({ x })));'],
  ])('that wants 4 GB of %s is ended at its limit', (_, body) =>
    inSandbox(
      measuring(body),
      async (sandbox) => expect(await failure(sandbox)).toContain('192 MB of memory'),
      { deadlineSeconds: 60, memoryMB: 192 },
    ),
  );

  it.each([
    ['an import that throws', `throw new Error('missing licence');`, 'missing licence'],
    ['a process that ends while it loads', 'process.exit(3);', 'code 3'],
    ['no default export', 'export const x = 1;', 'export by default'],
    [
      'a name that is none',
      `export default { name: 'A b', unit: '', direction: 'min', needs: 'genome', measure() {} };`,
      'name',
    ],
    [
      'no function',
      `export default { name: 'odd', unit: '', direction: 'min', needs: 'genome', measure: 3 };`,
      'measure',
    ],
    ['text that is no JavaScript', 'export default {', 'cannot be loaded'],
  ])('is refused for %s', (_, text, reason) =>
    inSandbox(moduleOf(text), async (sandbox) => {
      const error: unknown = await sandbox.describe().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ObjectiveUnfit);
      expect((error as Error).message).toContain(reason);
    }),
  );

  it('sees nothing of our environment that may be a secret', async () => {
    process.env['EMARS_TEST_SECRET'] = 'x';
    try {
      await inSandbox(
        measuring('return { value: process.env.EMARS_TEST_SECRET === undefined ? 1 : 2 };'),
        async (sandbox) => expect((await sandbox.measure({})).value).toBe(1),
      );
    } finally {
      delete process.env['EMARS_TEST_SECRET'];
    }
  });
});
