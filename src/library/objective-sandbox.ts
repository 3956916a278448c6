/**
 * The process that measures an objective which joins. One that needs weights is described before there is a run at
 * work; then it has a process that opens the run's scans and snapshots, as an evaluator does.
 */
import { sandboxOnRun } from '../actors/objective/own-objectives.js';
import type { ObjectiveDescription } from '../actors/objective/sandbox-messages.js';
import type { SandboxLimits } from '../actors/objective/sandbox.js';
import { Sandbox } from '../actors/objective/sandbox.js';
import type { Measured } from '../objectives/objective.js';
import { readOptions } from '../run/config.js';
import type { RunFolder } from '../run/folder.js';
import { readRecordIfSound } from '../run/record.js';
import { nativeParts } from './native-parts.js';
import { kernelsOfWorker } from './run-kernels.js';

export class ObjectiveSandbox {
  private sandbox: Sandbox;
  private isOpen = false;

  /** `module`: absolute path. `limits.memoryMB`: beside what an evaluation takes where weights are needed. */
  constructor(
    private readonly module: string,
    private readonly limits: SandboxLimits,
  ) {
    this.sandbox = new Sandbox(module, limits);
  }

  /** Errors: ObjectiveUnfit. */
  describe(): Promise<ObjectiveDescription> {
    return this.sandbox.describe();
  }

  /**
   * Opens a run that is at work, for what needs weights. It computes as the run does. `say`: a line for people. Errors:
   * ConfigError, KernelsMissing, NativePartError.
   */
  async openRun(folder: RunFolder, say: (text: string) => void, signal: AbortSignal): Promise<void> {
    if (this.isOpen) return;
    const options = readOptions(folder);
    const begun = (await readRecordIfSound(folder))?.fingerprint['kernels'];
    const digest = typeof begun === 'string' ? begun : null;
    const kernels = await kernelsOfWorker(digest, options.engine.numerics, say);
    if (kernels === null) await nativeParts(say, signal);
    this.sandbox.close();
    this.sandbox = sandboxOnRun(this.module, this.limits, options, {
      root: folder.root,
      addon: kernels?.path ?? null,
    });
    this.isOpen = true;
  }

  /** Errors: MeasurementFailed with the reason; ObjectiveUnfit. */
  measure(subject: object): Promise<Measured> {
    return this.sandbox.measure(subject);
  }

  close(): void {
    this.sandbox.close();
  }
}
