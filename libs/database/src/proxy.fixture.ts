import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

export interface Proxy {
  readonly port: number;
  close(): void;
}

/**
 * A TCP proxy before the server on `port` of this machine.
 * @param passing called for each connection: makes the function through which the client's chunks pass
 */
export async function proxyTo(port: number, passing: () => (chunk: Buffer) => Buffer): Promise<Proxy> {
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    const pass = passing();
    client.on('data', (chunk: Buffer) => upstream.write(pass(chunk)));
    upstream.pipe(client);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}
