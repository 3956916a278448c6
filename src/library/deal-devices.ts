/** Which process gets which device: checked before anything is started. */
import type { EngineOptions } from '../config/options.js';
import { gpuIndexOf } from '../native/devices.js';
import { MOST_TRAINERS, RequestError } from './request.js';

/** What is asked for; undefined: the default. */
interface Wanted {
  readonly trainers?: number | undefined;
  readonly minTrainers?: number | undefined;
  readonly devices?: readonly string[] | undefined;
  readonly evaluatorDevice?: string | undefined;
}

export interface DealtProcesses {
  readonly trainers: number;
  /** Trainers of any host that a search begins with; 0: no minimum. */
  readonly minTrainers: number;
  /** Dealt out to the trainers in turn. */
  readonly devices: readonly string[];
  readonly evaluatorDevice: string;
}

const DEVICE = /^(cpu|cuda:\d{1,3})$/;

/** What is wrong with a list of devices, in words; null where nothing is. */
export function faultOfDevices(devices: readonly string[]): string | null {
  if (devices.length === 0 || devices.some((device) => !DEVICE.test(device)))
    return `expected cpu or a list as cuda:0,cuda:1, got "${devices.join(',')}"`;
  const twice = devices.find((device, i) => device !== 'cpu' && devices.indexOf(device) !== i);
  return twice === undefined ? null : `expected each device once, got ${twice} twice`;
}

/** Errors: RequestError. */
export function dealtProcesses(wanted: Wanted, numerics: EngineOptions['numerics']): DealtProcesses {
  const { devices = ['cpu'] } = wanted;
  const fault = faultOfDevices(devices);
  if (fault !== null) throw new RequestError(`devices: ${fault}`);
  const isOfGpus = devices.every((device) => gpuIndexOf(device) !== null);
  const trainers = wanted.trainers ?? (isOfGpus ? devices.length : Math.max(2, devices.length));
  const minTrainers = minimumOf(wanted.minTrainers);
  if (!Number.isInteger(trainers) || trainers < (minTrainers > 0 ? 0 : 1) || trainers > MOST_TRAINERS)
    throw new RequestError(
      `trainers: expected a whole number from 1 to ${MOST_TRAINERS}, or 0 with minTrainers where others train, ` +
        `got ${trainers}`,
    );
  const shared = devices.find((device, i) => gpuIndexOf(device) !== null && i + devices.length < trainers);
  if (shared !== undefined)
    throw new RequestError(
      `trainers: expected at most one trainer a GPU, got ${trainers} trainers for ${devices.join(', ')}; ` +
        `ask for fewer trainers, or name more devices`,
    );
  const evaluatorDevice = wanted.evaluatorDevice ?? devices[trainers % devices.length]!;
  if (!DEVICE.test(evaluatorDevice))
    throw new RequestError(`evaluatorDevice: expected cpu or a GPU as cuda:0, got "${evaluatorDevice}"`);
  const isMixed = [...devices, evaluatorDevice].some(
    (device) => (gpuIndexOf(device) === null) !== (gpuIndexOf(devices[0]!) === null),
  );
  if (isMixed && numerics !== 'tolerant')
    throw new RequestError(
      `expected devices of one kind, got ${[...new Set([...devices, evaluatorDevice])].join(', ')}: ` +
        'a CPU and a GPU compute other bits; set engine.numerics to tolerant to let both work for one run',
    );
  return { trainers, minTrainers, devices, evaluatorDevice };
}

function minimumOf(wanted = 0): number {
  if (Number.isInteger(wanted) && wanted >= 0 && wanted <= MOST_TRAINERS) return wanted;
  throw new RequestError(`minTrainers: expected a whole number from 0 to ${MOST_TRAINERS}, got ${wanted}`);
}
