import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

export interface Wire {
  readonly port: number;
  /** Statements that clients had the server parse or run, in their order. */
  readonly statements: string[];
  /** What was bound to them, as bytes in one. */
  bound(): Buffer;
  clear(): void;
  close(): void;
}

/** A way to the server on `port` that writes down what goes there (Postgres manual, 54.7). */
export async function wireTo(port: number): Promise<Wire> {
  const statements: string[] = [];
  const bound: Buffer[] = [];
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    const read = messageReader((type, body) => {
      if (type === 'Q') statements.push(textAt(body, 0));
      // Its own name comes before the text.
      if (type === 'P') statements.push(textAt(body, body.indexOf(0) + 1));
      if (type === 'B') bound.push(body);
    });
    client.on('data', (chunk: Buffer) => {
      read(chunk);
      upstream.write(chunk);
    });
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
  return {
    port: (server.address() as AddressInfo).port,
    statements,
    bound: () => Buffer.concat(bound),
    clear: () => {
      statements.length = 0;
      bound.length = 0;
    },
    close: () => void server.close(),
  };
}

/** The first message has no type; each of the others has one byte of it before its length. */
function messageReader(found: (type: string, body: Buffer) => void): (chunk: Buffer) => void {
  let waiting = Buffer.alloc(0);
  let head = 0;
  return (chunk) => {
    waiting = Buffer.concat([waiting, chunk]);
    while (waiting.length >= head + 4) {
      const end = head + waiting.readInt32BE(head);
      if (waiting.length < end) return;
      if (head === 1) found(String.fromCharCode(waiting[0] ?? 0), waiting.subarray(5, end));
      waiting = waiting.subarray(end);
      head = 1;
    }
  };
}

function textAt(body: Buffer, start: number): string {
  return body.toString('utf8', start, body.indexOf(0, start));
}
