/**
 * An objective that fails, as a module of a user's would: which networks it fails for follows from their
 * genomes, so that the search without any other fault has one result, and one whose processes die must have
 * the same.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const FAILINGS = ['throws', 'hangs', 'lies'] as const;
export type Failing = (typeof FAILINGS)[number];

/** Seconds. Short where it always hangs; else so long that no machine is too slow for an answer. */
const DEADLINE: Readonly<Record<Failing, number>> = { throws: 600, hangs: 1, lies: 600 };

/** What `measure` does with `mark`, a number of the genome; `fails()` leaves a trace, `asked()` counts the calls. */
const BODY: Readonly<Record<Failing, string>> = {
  throws: `if (mark % 3 === 0) { fails(); throw new Error('no such layer'); }
    return { value: mark % 97 };`,
  // For each network: one that hangs for some would need a deadline that no slow machine mistakes for them.
  hangs: `fails(); for (;;);`,
  lies: `const lie = [NaN, '7', 1e308, null, null, null, null, null][mark % 8];
    if (lie !== null) { fails(); return { value: lie }; }
    return { value: (mark % 97) + 1000 * asked(mark) };`,
};

export class FailingObjective {
  private constructor(
    private readonly folder: string,
    readonly failing: Failing,
  ) {}

  /** Written into `folder`, which is made. */
  static async at(folder: string, failing: Failing): Promise<FailingObjective> {
    await mkdir(folder, { recursive: true });
    const objective = new FailingObjective(folder, failing);
    await writeFile(objective.module, moduleOf(failing));
    return objective;
  }

  /** Arguments of a search that measures by it, too. `others`: the objectives of its configuration. */
  settings(others: readonly object[]): string[] {
    const { module, name, failing } = this;
    const all = [...others, { name, direction: 'min', module, deadline: DEADLINE[failing] }];
    return ['--set', `objectives=${JSON.stringify(all)}`];
  }

  /** True once it has failed for a network. */
  get hasFailed(): boolean {
    return existsSync(join(this.folder, 'failed'));
  }

  private get name(): string {
    return `chaos-${this.failing}`;
  }

  private get module(): string {
    return join(this.folder, 'objective.mjs');
  }
}

function moduleOf(failing: Failing): string {
  return `import { appendFileSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';

const at = (name) => new URL(name, import.meta.url);
const fails = () => appendFileSync(at('failed'), '.');
/** Another value for each call: whoever asks again for what is known would change the front. */
const asked = (mark) => {
  appendFileSync(at(\`asked-\${mark}\`), '.');
  return statSync(at(\`asked-\${mark}\`)).size;
};

export default {
  name: 'chaos-${failing}',
  unit: '',
  direction: 'min',
  needs: 'genome',
  measure({ genome }) {
    const mark = createHash('sha256').update(genome.join()).digest().readUInt32LE();
    ${BODY[failing]}
  },
};
`;
}
