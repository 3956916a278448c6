/** How often something happened, by name. */
export class FaultCount {
  readonly counts: Record<string, number> = {};

  add(name: string, times = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + times;
  }

  addAll(others: Readonly<Record<string, number>>): void {
    for (const [name, times] of Object.entries(others)) this.add(name, times);
  }
}
