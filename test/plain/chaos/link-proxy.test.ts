/** The proxy below a broker: what its weather does to the bytes of a real connection. */
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FAIR, LinkProxy } from '#emars/chaos/link-proxy.js';
import { generator } from '#emars/random/generator.js';
import { until } from '../../support/until.js';

let echo: Server;
let proxy: LinkProxy;
let client: Socket;
let heard: Buffer;
let over = false;

beforeEach(async () => {
  echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  proxy = await LinkProxy.open(echo.address() as { port: number }, generator(1, 'link-test'));
  client = connect(Number(new URL(proxy.url).port), '127.0.0.1');
  heard = Buffer.alloc(0);
  over = false;
  client.on('data', (bytes: Buffer) => (heard = Buffer.concat([heard, bytes])));
  client.on('error', () => undefined).on('close', () => (over = true));
  await new Promise((resolve) => client.once('connect', resolve));
});
afterEach(async () => {
  client.destroy();
  await proxy.close();
  echo.close();
});

const sent = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) % 251));

describe('a link', () => {
  it('in fair weather carries every byte both ways, in order', async () => {
    client.write(sent);
    await until(() => heard.length === sent.length);
    expect(heard.equals(sent)).toBe(true);
    expect(proxy.disturbed).toBe(0);
  });

  it.each([
    [['to-server' as const]],
    [['to-clients' as const]],
    [['to-server' as const, 'to-clients' as const]],
  ])('cut %s carries nothing, and all of it afterwards', async (cut) => {
    proxy.change({ cut });
    client.write(sent);
    await until(() => proxy.disturbed > 0);
    expect(heard).toHaveLength(0);
    proxy.change(FAIR);
    await until(() => heard.length === sent.length);
    expect(heard.equals(sent)).toBe(true);
  });

  it('that is slow loses and changes nothing', async () => {
    proxy.change({ delayMs: 30 });
    client.write(sent);
    await until(() => heard.length === sent.length);
    expect(heard.equals(sent)).toBe(true);
    expect(proxy.disturbed).toBeGreaterThan(1);
  });

  it('that corrupts changes bits and no lengths', async () => {
    proxy.change({ corruption: 1e-6 });
    client.write(sent);
    await until(() => heard.length === sent.length);
    expect(heard.equals(sent)).toBe(false);
    expect(proxy.disturbed).toBeGreaterThan(0);
  });

  it('that duplicates sends more than it got', async () => {
    proxy.change({ duplication: 1 });
    client.write(sent);
    await until(() => heard.length === 4 * sent.length);
  });

  it('that loses everything ends its connections in the end', async () => {
    proxy.change({ loss: 1 });
    for (let i = 0; !over; i++) {
      client.write('x');
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(i).toBeLessThan(1000);
    }
  });
});
