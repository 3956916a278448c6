/** Workers of a simulated run that come late, leave as they are told, and come back. */
import type { Timeline } from '../kernel/timeline.js';
import type { Host } from './host.js';

export class Attendance {
  private readonly joined = new Set<string>();
  private readonly away = new Set<string>();
  /** Told to end and not gone yet: how long they stay away then. */
  private readonly leaving = new Map<string, number>();

  constructor(
    private readonly timeline: Timeline,
    /** False while nothing can be started. */
    private readonly hasPower: () => boolean,
  ) {}

  /** Whether it is started with the run, resumed or not; `trainers`: how many the run was asked for. */
  takesPart({ id, role }: Host, trainers: number): boolean {
    if (this.away.has(id)) return false;
    return role !== 'trainer' || this.joined.has(id) || Number(id.slice('trainer-'.length)) < trainers;
  }

  join(host: Host): void {
    this.joined.add(host.id);
    host.start();
  }

  leave(host: Host, ms: number): void {
    if (!host.process.alive) return;
    this.leaving.set(host.id, ms);
    host.leave();
  }

  /** It died before it could leave in order: it comes back as after any death. */
  died({ id }: Host): void {
    this.leaving.delete(id);
  }

  /** It has left; it comes back after its time. */
  left(host: Host): void {
    const ms = this.leaving.get(host.id)!;
    this.leaving.delete(host.id);
    this.away.add(host.id);
    this.timeline.after(ms, () => {
      this.away.delete(host.id);
      if (this.hasPower()) host.start();
    });
  }
}
