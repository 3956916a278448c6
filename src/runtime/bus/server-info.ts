/**
 * What listens on a local port? A NATS server introduces itself on each connection, with one line
 * `INFO {json}`, before any credentials. So a foreign process on the port is told apart from our server.
 */
import { createConnection, createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';
const LONGEST_LINE = 64 * 1024;

export interface ServerInfo {
  readonly serverName: string;
  readonly jetstream: boolean;
}

/** The introduction of the server on `port` of this machine; null if none came within `ms`. */
export function readServerInfo(port: number, ms: number, host = LOOPBACK): Promise<ServerInfo | null> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    let line = '';
    const done = (info: ServerInfo | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(info);
    };
    const timer = setTimeout(() => done(null), ms);
    socket.setEncoding('utf8');
    socket.on('error', () => done(null));
    socket.on('close', () => done(null));
    socket.on('data', (text: string) => {
      line += text;
      const end = line.indexOf('\r\n');
      if (end >= 0) done(parseInfo(line.slice(0, end)));
      else if (line.length > LONGEST_LINE) done(null);
    });
  });
}

function parseInfo(line: string): ServerInfo | null {
  if (!line.startsWith('INFO ')) return null;
  try {
    const info: unknown = JSON.parse(line.slice(5));
    if (typeof info !== 'object' || info === null) return null;
    const { server_name: serverName, jetstream } = info as Record<string, unknown>;
    return typeof serverName === 'string' ? { serverName, jetstream: jetstream === true } : null;
  } catch {
    return null;
  }
}

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('the system gave no port'));
      });
    });
  });
}
