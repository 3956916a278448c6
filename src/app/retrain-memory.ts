/** What a retraining takes, said before it starts. */
import { totalmem } from 'node:os';
import type { Options } from '../config/options.js';
import { dealtProcesses } from '../library/deal-devices.js';
import { kernelsOfRun } from '../library/run-kernels.js';
import { gigabytes, trainerMemory } from '../actors/setup/trainer-memory.js';
import { runFolder } from '../run/folder.js';
import { printJson } from './output.js';
import type { RetrainFlags } from './retrain-flags.js';

/** One note, on standard error or as a line of JSON; where the machine has less, with what to do. */
export async function sayMemory(root: string, options: Options, flags: RetrainFlags): Promise<void> {
  const { devices, trainers } = dealtProcesses(flags, options.engine.numerics);
  const kernels = await kernelsOfRun({ folder: runFolder(root), options, resumed: false, devices });
  const bytes = trainerMemory(options, kernels === null ? 'tensorflow' : 'native');
  const note = memoryNote(bytes, options, { trainers, memory: totalmem() });
  if (flags.json === true)
    await printJson({ phase: 'preparing', epoch: 0, step: 0, eta: null, trainers: 0, memory: bytes, note });
  else process.stderr.write(`note: ${note}\n`);
}

/** `memory`: bytes of the machine. */
export function memoryNote(
  bytes: number,
  { training, input }: Pick<Options, 'training' | 'input'>,
  { trainers, memory }: { readonly trainers: number; readonly memory: number },
): string {
  const scans = training.batch / training.microBatches;
  const what =
    `a trainer takes about ${gigabytes(bytes)}: micro-batches of ${scans} ` +
    `${scans === 1 ? 'scan' : 'scans'} of ${input.slices} x ${input.size} x ${input.size}`;
  if (trainers * bytes <= memory) return what;
  const remedy = [
    ...(scans > 1 ? ['raise training.microBatches'] : []),
    ...(trainers > 1 ? ['use fewer --trainers'] : []),
    'lower input.size or input.slices',
  ];
  return (
    `${what}, ${gigabytes(trainers * bytes)} for ${trainers}, where this machine has ${gigabytes(memory)}: ` +
    remedy.join(', or ')
  );
}
