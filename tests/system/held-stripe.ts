import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A request to Stripe that changes something. */
export interface Write {
  readonly method: string;
  readonly path: string;
  readonly key: string | null;
  /** Stripe's answer was given before: nothing was carried out this time. Null where Stripe was not asked. */
  replayed: boolean | null;
}

/** Whether Stripe gets a request that is held up, or only its answer waits. */
export type Side = 'before' | 'after';

export interface HeldStripe {
  /** Where billing finds Stripe. */
  readonly url: string;
  /** Everything that changes something and came so far. */
  readonly writes: readonly Write[];
  /** Says from now on which requests are held up. */
  hold(which: (write: Write) => Side | undefined): void;
  /** How many stand still at this moment. */
  held(): number;
  /** How many of them nobody waits for any more: whoever asked is gone. */
  abandoned(): number;
  /** Holds nothing any more. What is held goes on, unless whoever asked is gone: then Stripe never gets it. */
  release(): void;
  stop(): Promise<void>;
}

/** Stands between billing and its Stripe, and holds requests up at either side of it. @param stripe URL of Stripe: what comes before waits for it */
export async function heldStripe(stripe: Promise<string>): Promise<HeldStripe> {
  const writes: Write[] = [];
  let which: (write: Write) => Side | undefined = () => undefined;
  let waiting: { readonly go: () => void; readonly response: ServerResponse }[] = [];
  const wait = (response: ServerResponse) => new Promise<void>((go) => waiting.push({ go, response }));

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = request;
    const key = request.headers['idempotency-key'];
    const write: Write = { method, path, key: typeof key === 'string' ? key : null, replayed: null };
    const body = method === 'GET' ? null : await text(request);
    const side = method === 'GET' ? undefined : which(write);
    if (method !== 'GET') writes.push(write);
    if (side === 'before') await wait(response);
    if (response.destroyed) return;
    const answer = await fetch((await stripe) + path, { method, headers: passedOn(request), body });
    const answered = await answer.text();
    write.replayed = answer.headers.get('idempotent-replayed') === 'true';
    if (side === 'after') await wait(response);
    response.writeHead(answer.status, [...answer.headers].filter(([name]) => !ofConnection.has(name)).flat());
    response.end(answered);
  }

  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    writes,
    hold: (chosen) => (which = chosen),
    held: () => waiting.length,
    abandoned: () => waiting.filter(({ response }) => response.destroyed).length,
    release: () => {
      which = () => undefined;
      for (const { go } of waiting) go();
      waiting = [];
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Headers that belong to one connection, or to the form in which a body was sent over it. */
const ofConnection: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'content-encoding', 'host'],
]);

function passedOn({ headers }: IncomingMessage): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' && !ofConnection.has(name) ? [[name, value] as [string, string]] : [],
  );
}
