/**
 * A link with a delay to a broker of another host, for kernels that cannot delay packets. Arguments: host and port
 * of the broker, milliseconds each way. Listens on the same port of 127.0.0.1, says so, and runs until it is killed.
 */
import { LinkProxy } from '#emars/chaos/link-proxy.js';
import { generator } from '#emars/random/generator.js';

const [host, port, delayMs] = process.argv.slice(2);
const link = await LinkProxy.open({ host, port: Number(port) }, generator(0, 'delayed-link'), Number(port));
link.change({ delayMs: Number(delayMs) });
process.stdout.write('ready\n');
