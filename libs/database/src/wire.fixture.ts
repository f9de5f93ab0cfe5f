import { type Proxy, proxyTo } from './proxy.fixture.js';

export interface Wire extends Proxy {
  /** Statements that clients had the server parse or run, in their order. */
  readonly statements: string[];
  /** What was bound to them, as bytes in one. */
  bound(): Buffer;
  clear(): void;
}

/** A way to the server on `port` that writes down what goes there (Postgres manual, 54.7). */
export async function wireTo(port: number): Promise<Wire> {
  const statements: string[] = [];
  const bound: Buffer[] = [];
  const proxy = await proxyTo(port, () => {
    const read = messageReader((type, body) => {
      if (type === 'Q') statements.push(textAt(body, 0));
      // Its own name comes before the text.
      if (type === 'P') statements.push(textAt(body, body.indexOf(0) + 1));
      if (type === 'B') bound.push(body);
    });
    return (chunk) => {
      read(chunk);
      return chunk;
    };
  });
  return {
    ...proxy,
    statements,
    bound: () => Buffer.concat(bound),
    clear: () => {
      statements.length = 0;
      bound.length = 0;
    },
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
