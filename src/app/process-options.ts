/** `--trainers` and `--devices`: which processes a command starts, for every command that starts some. */
import { Option } from 'commander';
import { faultOfDevices } from '../library/deal-devices.js';
import { MOST_TRAINERS } from '../library/request.js';
import type { ProcessOptions } from '../library/search.js';
import { wholeNumber } from './arguments.js';
import type { BrokerFlags } from './broker-options.js';
import { UsageError } from './errors.js';

/** What commander makes of the options that say which processes conduct a search. */
export interface ProcessFlags extends BrokerFlags {
  readonly trainers?: number;
  readonly minTrainers?: number;
  readonly devices?: string[];
}

export function processesOf({ trainers, minTrainers, devices, nats, creds }: ProcessFlags): ProcessOptions {
  return { trainers, minTrainers, devices, broker: { nats, creds } };
}

export function trainersOption(
  what = 'trainer processes (default: one a device, on CPUs at least 2)',
  fewest = 1,
): Option {
  return new Option('--trainers <n>', what).argParser(wholeNumber('--trainers', fewest, MOST_TRAINERS));
}

export function minTrainersOption(what: string): Option {
  return new Option('--min-trainers <n>', what).argParser(wholeNumber('--min-trainers', 1, MOST_TRAINERS));
}

export function devicesOption(what = 'cpu, or cuda:0,cuda:1,… (default: cpu)'): Option {
  return new Option('--devices <list>', what).argParser(devicesOf);
}

/** The devices in a list as `cpu` or `cuda:0,cuda:1`. Errors: UsageError. */
export function devicesOf(text: string): string[] {
  const devices = text.split(',');
  const fault = faultOfDevices(devices);
  if (fault !== null) throw new UsageError(`--devices: ${fault}`);
  return devices;
}
