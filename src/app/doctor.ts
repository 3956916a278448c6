/** `emars doctor`: what of the environment is there, what is missing, and how to get it. */
import type { Command } from 'commander';
import type { DoctorReport } from '../native/doctor.js';
import { jsonOption } from './arguments.js';
import { commandExit } from '../errors/exit-codes.js';
import { print, printJson } from './output.js';

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'look at TensorFlow, devices and nats-server, and say how to get what is missing (exit code 4 if something is)',
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  emars doctor
  emars doctor --json`,
    )
    .action(async ({ json }: { readonly json?: boolean }) => {
      const { doctor } = await import('../native/doctor.js');
      const report = await doctor();
      if (json === true) await printJson(report);
      else for (const line of describeEnvironment(report)) await print(line);
      if (report.missing.length > 0) process.exitCode = commandExit('environment');
    });
}

const NO_KERNELS =
  'none: TensorFlow computes, several times slower. They need g++: npm run setup compiles them';

/** The report in lines for people. */
export function describeEnvironment({
  tensorflow,
  devices,
  nats,
  kernels,
  fingerprint,
  missing,
}: DoctorReport): string[] {
  return [
    `TensorFlow   ${tensorflow === null ? 'missing' : `${tensorflow.version} (${tensorflow.source})`}`,
    `devices      ${devices.join(', ')}`,
    `nats-server  ${nats === null ? 'missing' : `${nats.version} (${nats.path})`}`,
    `kernels      ${kernels === null ? NO_KERNELS : `${kernels.id} (${kernels.path})`}`,
    `fingerprint  ${fingerprint.hash} (${fingerprint.cpu.model}, ${fingerprint.platform}, Node ${fingerprint.node})`,
    ...missing.map(
      ({ part, reason, remedy }) => `missing      ${part}: ${reason.replace(/\.$/, '')}. ${remedy}`,
    ),
    ...(missing.length === 0 ? ['everything is there'] : []),
  ];
}
