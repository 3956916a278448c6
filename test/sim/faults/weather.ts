/** What the schedule does to messages on their way: lost, twice, late, overtaken, damaged, cut off. */
import type { Generator } from '#emars/random/generator.js';
import type { Fate, Letter, Weather } from '../kernel/bus.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Timeline } from '../kernel/timeline.js';
import type { Fault } from './fault.js';
import type { FaultCount } from './count.js';

const LOST: Fate = { delays: [], damaged: false };
/** The least time from one process to another, and how much it wavers. */
const LINK_MS = 0.3;
const WAVER_MS = 0.7;

export class SeededWeather implements Weather {
  private readonly open: Fault[] = [];
  private readonly coming: Fault[];

  constructor(
    faults: readonly Fault[],
    private readonly timeline: Timeline,
    private readonly random: Generator,
    private readonly count: FaultCount,
  ) {
    this.coming = faults.filter(({ kind }) => MESSAGE_FAULTS.has(kind));
  }

  /** True when `actor` can neither send nor hear because of a partition in this direction. */
  cutOff(actor: string, direction: 'in' | 'out'): boolean {
    this.refresh();
    return this.open.some(
      (fault) =>
        fault.kind === 'partition' &&
        fault.actor === actor &&
        (fault.direction === 'both' || fault.direction === direction),
    );
  }

  fate({ from }: Letter, to: string): Fate {
    this.refresh();
    const delays = [LINK_MS + WAVER_MS * this.random.uniform()];
    if (this.open.length === 0) return { delays, damaged: false };
    let damaged = false;
    for (const fault of this.open) {
      switch (fault.kind) {
        case 'partition':
          if (
            (fault.actor === from && fault.direction !== 'in') ||
            (fault.actor === to && fault.direction !== 'out')
          ) {
            this.count.add(`partition ${fault.direction}`);
            return LOST;
          }
          break;
        case 'drop':
          if (this.random.chance(fault.share)) {
            this.count.add('drop');
            return LOST;
          }
          break;
        case 'duplicate':
          if (this.random.chance(fault.share)) {
            this.count.add('duplicate');
            delays.push(delays[0]! + 200 * this.random.uniform());
          }
          break;
        case 'damage':
          if (this.random.chance(fault.share)) damaged = true;
          break;
        case 'delay':
          this.count.add('delay');
          delays[0] = delays[0]! + fault.by * this.random.uniform();
          break;
        case 'reorder':
          if (this.random.chance(1 / 3)) {
            this.count.add('reorder');
            delays[0] = delays[0]! + fault.by * this.random.uniform();
          }
          break;
        default:
          break;
      }
    }
    return { delays, damaged };
  }

  private refresh(): void {
    const { now } = this.timeline;
    while (this.coming[0] !== undefined && this.coming[0].at <= now) this.open.push(this.coming.shift()!);
    for (let i = this.open.length - 1; i >= 0; i--) {
      const fault = this.open[i]!;
      if ('ms' in fault && fault.at + fault.ms <= now) this.open.splice(i, 1);
    }
  }
}

type WeatherFault = Extract<
  Fault,
  { readonly kind: 'partition' | 'drop' | 'duplicate' | 'damage' | 'delay' | 'reorder' }
>;

/** Takes down when the network begins and ends to do something to messages. */
export function tellOfWeather(fault: WeatherFault, cluster: Cluster): void {
  const { timeline } = cluster;
  const tell = (text: string): void => cluster.tell('network', text);
  if (fault.kind === 'partition') {
    tell(`cuts ${fault.actor} off (${fault.direction})`);
    timeline.after(fault.ms, () => tell(`${fault.actor} is connected again`));
    return;
  }
  tell(`begins to ${fault.kind} messages`);
  timeline.after(fault.ms, () => tell(`ends to ${fault.kind} messages`));
}

const MESSAGE_FAULTS: ReadonlySet<string> = new Set([
  'drop',
  'duplicate',
  'damage',
  'delay',
  'reorder',
  'partition',
]);
