/** An evaluator in the simulated cluster: takes evaluations from its welcome on. */
import { WorkerHost } from './worker-host.js';

export class EvaluatorHost extends WorkerHost {
  protected position(): null {
    return null;
  }

  protected subscribe(): void {
    // Only what every worker hears.
  }

  protected welcomed(): void {
    this.resumeEvaluations();
  }

  protected tick(): void {
    // Nothing of its own.
  }
}
