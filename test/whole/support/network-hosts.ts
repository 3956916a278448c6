/**
 * Hosts on one machine: each has a network, file systems, processes and a name of its own, by name spaces of the
 * kernel, and a cable to a switch. No host has a name outside: all of them is gone, cables included, when its holder
 * dies, and a holder dies with its test.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '#emars/native/cache.js';
import type { RunningSearch } from './search-process.js';
import { emars } from './search-process.js';

/** Mounts go, and all processes are killed, with the first of them: the one that reads what its owner never writes. */
const OWN = ['--net', '--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'];
const DELAYED_LINK = fileURLToPath(new URL('delayed-link.mjs', import.meta.url));

/**
 * Makes a host of what `unshare` gives: file systems of its own over the folder of the test ($1) and the decoded
 * scans and workers' caches of this machine ($2), programs and libraries of the installation read-only in its own
 * cache, a name ($3), and the names that it knows others by ($4).
 */
const SETTLE = `set -e
mount -t tmpfs -o mode=0700 tmpfs "$1"
mkdir "$1/home" "$1/tmp" "$1/cache" "$1/runtime"
for part in tensorflow bindings nats-server kernels; do
  [ -d "$2/$part" ] || continue
  mkdir "$1/cache/$part"
  mount --bind -o ro "$2/$part" "$1/cache/$part"
done
for part in scans workers; do
  if [ -d "$2/$part" ]; then mount -t tmpfs tmpfs "$2/$part"; fi
done
printf '127.0.0.1 localhost\\n%s\\n' "$4" > "$1/hosts"
mount --bind "$1/hosts" /etc/hosts
hostname "$3"
ip link set lo up
echo ready
exec cat`;

/** Why there can be no such hosts here; null: there can. */
export function noHosts(): string | null {
  if (process.platform !== 'linux') return 'name spaces are of Linux';
  if (process.getuid?.() !== 0) return 'only root can lay cables between name spaces';
  const probe = `mount -t tmpfs tmpfs /mnt && mount --bind /etc/hostname /etc/hosts && hostname a &&
    ip link add name v0 type veth peer name v1 && ip link add name b0 type bridge && ip link set dev v0 master b0`;
  const { error, status, stderr } = spawnSync('unshare', [...OWN, 'sh', '-c', probe], { encoding: 'utf8' });
  if (error !== undefined) return error.message;
  return status === 0 ? null : `the kernel, or ip, refuses: ${stderr.trim()}`;
}

export interface NetworkHost {
  readonly name: string;
  readonly address: string;
  /** Where a path of this host lies for the test. */
  path(path: string): string;
  /** Starts `emars` on it. */
  emars(...args: readonly string[]): RunningSearch;
  /** Pulls the cable out. */
  cut(): void;
  /** Puts it in again. */
  heal(): void;
  /** Kills all its processes at once. */
  kill(): void;
}

export class Network {
  private readonly holders = new Map<string, ChildProcess>();

  private constructor(private readonly root: string) {}

  /** `root`: folder of the test, whose place each host has a file system of its own at; `names`: of the hosts. */
  static async of(root: string, names: readonly string[]): Promise<Network> {
    const network = new Network(root);
    await network.hold('switch', '');
    network.run('switch', 'ip', 'link', 'add', 'name', 'bridge0', 'type', 'bridge');
    network.run('switch', 'ip', 'link', 'set', 'dev', 'bridge0', 'up');
    const known = names.map((name, i) => `10.77.0.${i + 1} ${name}`).join('\n');
    for (const [i, name] of names.entries()) {
      await network.hold(name, known);
      network.wire(name, `10.77.0.${i + 1}/24`);
    }
    return network;
  }

  host(name: string): NetworkHost {
    const { root } = this;
    const link = (state: string): void => this.run('switch', 'ip', 'link', 'set', 'dev', `to-${name}`, state);
    const path = (at: string): string => `/proc/${this.pid(name)}/root${at}`;
    const address = this.output(name, 'ip', '-4', '-br', 'address', 'show', 'eth0').split(/\s+/)[2]!;
    return {
      ...{ name, path, address: address.split('/')[0]! },
      emars: (...args) => emars(args, environment(root), this.into(name)),
      cut: () => link('down'),
      heal: () => link('up'),
      kill: () => void this.holders.get(name)!.kill('SIGKILL'),
    };
  }

  /** A file of one host, carried to another by hand. Its mode stays. */
  carry(path: string, from: NetworkHost, to: NetworkHost, as: string): void {
    copyFileSync(from.path(path), to.path(as));
  }

  /**
   * Packets between `name` and the port of `far` take so many milliseconds each way. Says by what: the kernel, or
   * a proxy on the host, which then knows `far` as itself.
   */
  async delay(name: string, far: NetworkHost, { ms, port }: { ms: number; port: number }): Promise<string> {
    const netem = ['root', 'netem', 'delay', `${ms}ms`];
    const ways = [
      ['switch', 'tc', 'qdisc', 'add', 'dev', `to-${name}`, ...netem],
      [name, 'tc', 'qdisc', 'add', 'dev', 'eth0', ...netem],
    ] as const;
    if (ways.every(([at, ...words]) => this.tried(at, words).status === 0)) return 'tc netem';
    const words = [process.execPath, DELAYED_LINK, far.address, String(port), String(ms)];
    const [program, ...args] = [...this.into(name), ...words];
    await ready(spawn(program!, args, { stdio: ['ignore', 'pipe', 'inherit'] }), 'the delayed link');
    const as = `127.0.0.1 localhost ${far.name}`;
    this.run(name, 'sh', '-c', 'echo "$1" > "$2"', 'sh', as, join(this.root, 'hosts'));
    return 'a proxy of TCP';
  }

  /** Ends all hosts. */
  close(): void {
    for (const holder of this.holders.values()) holder.kill('SIGKILL');
  }

  /** Runs a program on a host; throws with what it says where it fails. */
  run(name: string, ...words: readonly string[]): void {
    this.output(name, ...words);
  }

  private output(name: string, ...words: readonly string[]): string {
    const { status, stdout, stderr } = this.tried(name, words);
    if (status !== 0) throw new Error(`${words.join(' ')} on ${name}: ${stderr}`);
    return stdout;
  }

  private tried(name: string, words: readonly string[]) {
    const [program, ...args] = [...this.into(name), ...words];
    return spawnSync(program!, args, { encoding: 'utf8' });
  }

  private pid(name: string): number {
    return this.holders.get(name)!.pid!;
  }

  /** Words before a command that run it on a host, in the folder of this process. */
  private into(name: string): string[] {
    const own = ['--net', '--mount', '--uts', '--ipc', `--pid=/proc/${this.pid(name)}/ns/pid_for_children`];
    return ['nsenter', '--target', String(this.pid(name)), ...own, '--', 'env', '-C', process.cwd()];
  }

  private async hold(name: string, known: string): Promise<void> {
    const settle = ['sh', '-c', SETTLE, 'sh', this.root, cacheFolder(), name, known];
    const holder = spawn('unshare', [...OWN, ...settle], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.holders.set(name, holder);
    await ready(holder, `host ${name}`);
  }

  /** A cable between the switch and a host, whose end there has an address. */
  private wire(name: string, address: string): void {
    const port = `to-${name}`;
    // Among the processes as this one sees them: the host is named by one.
    const cable = ['name', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(this.pid(name))];
    const outside = ['--target', String(this.pid('switch')), '--net', '--', 'ip', 'link', 'add'];
    const { status, stderr } = spawnSync('nsenter', [...outside, ...cable], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`no cable to ${name}: ${stderr}`);
    this.run('switch', 'ip', 'link', 'set', 'dev', port, 'master', 'bridge0', 'up');
    this.run(name, 'ip', 'address', 'add', address, 'dev', 'eth0');
    this.run(name, 'ip', 'link', 'set', 'dev', 'eth0', 'up');
  }
}

/** Waits for the line "ready". Errors: Error where it says something else, or ends. */
async function ready(child: ChildProcess, what: string): Promise<void> {
  const [said] = (await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')])) as [unknown];
  if (String(said) !== 'ready\n') throw new Error(`${what} does not come up: ${String(said)}`);
}

/** Of a host's processes: nothing of theirs lies where another host sees it. */
function environment(root: string): Record<string, string> {
  const at = (name: string): string => join(root, name);
  return {
    ...{ HOME: at('home'), TMPDIR: at('tmp'), EMARS_CACHE: at('cache') },
    ...{ XDG_CACHE_HOME: at('cache'), XDG_RUNTIME_DIR: at('runtime'), EMARS_RUNTIME_DIR: at('runtime') },
  };
}
