/** `emars broker`: a nats-server that several hosts share, with certificates, keys and rights by role. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { addClient, initBroker, revokeClient } from '../library/broker-folder.js';
import { runBroker } from '../library/run-broker.js';
import { jsonOption, wholeNumber } from './arguments.js';
import { UsageError } from './errors.js';
import { print, printJson } from './output.js';

const DEFAULT_PORT = 4222;

export function registerBroker(program: Command): void {
  const broker = program
    .command('broker')
    .description('A nats-server that searches and workers of several hosts share.');
  registerInit(broker);
  registerStart(broker);
  registerCreds(broker);
}

function registerInit(broker: Command): void {
  broker
    .command('init')
    .summary('make the folder of a broker: certificates, and credentials for searches')
    .description(
      'Makes an authority and a certificate for the names of --host, and keys. Without --host the broker is ' +
        'for this machine alone.',
    )
    .argument('<dir>', 'folder of the broker, made new')
    .option('--host <name...>', 'names or addresses that other hosts know this machine by')
    .option('--port <n>', 'port of the broker', wholeNumber('--port', 1, 65_535), DEFAULT_PORT)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Writes search.creds (for emars search) and watcher.creds (for emars runs), mode 0600. Who has such a file has its
rights.

Examples:
  emars broker init broker --host node1.lan
  emars broker init broker --host node1.lan 10.0.0.5 --port 4333`,
    )
    .action(async (folder: string, flags: { host?: string[]; port: number; json?: boolean }) => {
      const credentials = await initBroker({ folder, hosts: flags.host ?? [], port: flags.port });
      if (flags.json === true) await printJson({ broker: folder, credentials });
      else await print(`credentials: ${credentials.join(', ')}\nstart it: emars broker start ${folder}`);
    });
}

function registerStart(broker: Command): void {
  broker
    .command('start')
    .summary('run the broker of a folder until Ctrl-C')
    .description(
      'Runs a nats-server with the certificates, keys and rights of the folder, until Ctrl-C or SIGTERM.',
    )
    .argument('<dir>', 'folder that emars broker init has made')
    .option('--listen <address>', 'address of this machine to listen on; all of them: 0.0.0.0', '127.0.0.1')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
An address that other hosts reach needs the certificates that init makes with --host (else exit code 2).
Credentials that are made or taken away while it runs count within a second: clients of the others do not notice.

Examples:
  emars broker start broker
  emars broker start broker --listen 0.0.0.0`,
    )
    .action(async (folder: string, flags: { listen: string; json?: boolean }) => {
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
      await runBroker(
        { folder, listen: flags.listen, signal: stop.signal },
        async ({ url, pid }) => {
          if (flags.json === true) await printJson({ url, pid });
          else await print(`listens on ${url} (nats-server, pid ${pid}); Ctrl-C ends it`);
        },
        (line) => void (flags.json === true ? printJson({ note: line }) : print(line)),
      );
    });
}

function registerCreds(broker: Command): void {
  broker
    .command('creds')
    .summary('credentials for one worker or objective more, or away with them')
    .description(
      'Writes a file of credentials for one worker or objective, to be carried to its host; with --revoke it takes ' +
        'them away, and who holds them is cut off.',
    )
    .argument('<dir>', 'folder that emars broker init has made')
    .addOption(
      new Option('--role <role>', 'what it is for').choices(['trainer', 'evaluator', 'objective', 'watcher']),
    )
    .requiredOption('--name <name>', 'id of the worker, name of the objective')
    .option('--run <id>', 'the one run that they count in, as emars runs shows it (default: any)')
    .option('--revoke', 'take the credentials of that name away; search and watcher are names, too')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  emars broker creds broker --role trainer --name gpu1
  emars broker creds broker --role objective --name memory
  emars broker creds broker --role trainer --name gpu2 --run 0123456789ab
  emars broker creds broker --name gpu1 --revoke`,
    )
    .action(creds);
}

interface CredsFlags {
  readonly role?: 'trainer' | 'evaluator' | 'objective' | 'watcher';
  readonly name: string;
  readonly run?: string;
  readonly revoke?: boolean;
  readonly json?: boolean;
}

async function creds(folder: string, { role, name, run, revoke, json }: CredsFlags): Promise<void> {
  if (revoke === true) {
    if (role !== undefined || run !== undefined)
      throw new UsageError('--revoke: expected no --role and no --run, the name is enough; leave them out');
    await revokeClient(folder, name);
    if (json === true) await printJson({ revoked: name });
    else await print(`the credentials of ${name} count no more`);
    return;
  }
  if (role === undefined)
    throw new UsageError(
      '--role: expected trainer, evaluator, objective or watcher for new credentials, got nothing; ' +
        'to take some away: --revoke',
    );
  const path = await addClient(folder, { role, name, run: run ?? null });
  if (json === true) await printJson({ credentials: path });
  else await print(path);
}
