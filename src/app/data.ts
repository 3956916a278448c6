/** `emars data`: make, look at and split data. */
import type { Command } from 'commander';
import { registerDataInspect } from './data-inspect.js';
import { registerDataPhantom } from './data-phantom.js';
import { registerDataSplit } from './data-split.js';

export function registerData(program: Command): void {
  const data = program.command('data').description('make, look at and split data');
  registerDataPhantom(data);
  registerDataInspect(data);
  registerDataSplit(data);
}
