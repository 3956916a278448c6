/** A JetStream cluster of three servers on this machine, as an operator would set one up. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { natsBinary } from '../../broker/nats-binary.js';
import { freePort } from './nats-server.js';

interface ClusterServer {
  readonly name: string;
  readonly process: ChildProcess;
  /** Of its monitor. */
  readonly monitor: string;
}

export interface NatsCluster {
  /** Of all three, with commas between. */
  readonly url: string;
  readonly login: string;
  readonly servers: readonly ClusterServer[];
}

interface StreamDetail {
  readonly name: string;
  readonly config: { readonly num_replicas: number };
  readonly cluster: { readonly leader?: string };
}

/** `folder`: made for it. The test ends the processes. Resolves when JetStream has a leader. */
export async function startNatsCluster(folder: string): Promise<NatsCluster> {
  mkdirSync(folder);
  const ports: [client: number, route: number, monitor: number][] = [];
  for (let i = 0; i < 3; i++) ports.push([await freePort(), await freePort(), await freePort()]);
  const routes = ports.map(([, route]) => `nats-route://127.0.0.1:${route}`).join(', ');
  const binary = await natsBinary();
  const servers = ports.map(([client, route, monitor], i) => {
    const name = `server-${i}`;
    const config = join(folder, `${name}.conf`);
    writeFileSync(
      config,
      `server_name: ${name}
listen: "127.0.0.1:${client}"
http: "127.0.0.1:${monitor}"
jetstream { store_dir: ${JSON.stringify(join(folder, name))} }
cluster { name: three, listen: "127.0.0.1:${route}", routes: [${routes}] }
authorization { user: emars, password: secret }
`,
    );
    const server = spawn(binary, ['-c', config], { stdio: 'ignore' });
    return { name, process: server, monitor: `http://127.0.0.1:${monitor}` };
  });
  const login = join(folder, 'login');
  writeFileSync(login, 'emars:secret\n', { mode: 0o600 });
  const cluster = { url: ports.map(([client]) => `nats://127.0.0.1:${client}`).join(','), login, servers };
  for (let tries = 0; !(await hasLeader(cluster)); tries++) {
    if (tries > 600) throw new Error('the cluster of brokers found no leader');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return cluster;
}

async function hasLeader({ servers }: NatsCluster): Promise<boolean> {
  try {
    const answer = await fetch(`${servers[0]!.monitor}/jsz`);
    const { meta_cluster: meta } = (await answer.json()) as {
      meta_cluster?: { leader?: string; cluster_size?: number };
    };
    return meta?.cluster_size === 3 && meta.leader !== undefined && meta.leader !== '';
  } catch {
    return false;
  }
}

/** The streams that a server of the cluster holds. */
export async function streamsOf({ servers }: NatsCluster): Promise<StreamDetail[]> {
  const answer = await fetch(`${servers[0]!.monitor}/jsz?accounts=true&streams=true&config=true`);
  const { account_details: accounts = [] } = (await answer.json()) as {
    account_details?: { stream_detail?: StreamDetail[] }[];
  };
  return accounts.flatMap(({ stream_detail: streams = [] }) => streams);
}
