import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { formOf, StripeProblem } from './answers.ts';
import { checkoutPage, completeSession, invoicePage, portalPage } from './checkout.ts';
import { type Control, controlled, type Fault, playTime } from './control.ts';
import { deliveries, type Deliveries, type Endpoint } from './deliveries.ts';
import { makeProducts } from './prices.ts';
import { answerTo } from './routes.ts';
import { openWorld, type StripeObject, type World } from './world.ts';

/** The version of Stripe's API whose answers are played. */
const API_VERSION = '2026-10-28.endive';
const LARGEST_BODY = 1 << 20;
const [TICK_MS, SAVE_MS] = [1000, 200];

export interface StandInOptions {
  readonly port?: number;
  /** Where its state is kept; in memory where it is absent. */
  readonly folder?: string;
  /** Where its webhooks go. */
  readonly webhook?: Endpoint;
  /** The secret key that requests must have. */
  readonly key: string;
}

export interface StandIn {
  readonly url: string;
  /** Waits until every webhook was taken or given up. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

interface Playing {
  readonly world: World;
  readonly control: Control;
  readonly sending: Deliveries;
  readonly key: string;
  changed: () => void;
}

/** A stand-in for Stripe on this machine: the part of its API that billing uses, test cards, and signed webhooks. */
export async function startStandIn(options: StandInOptions): Promise<StandIn> {
  const world = await openWorld(options.folder, API_VERSION);
  makeProducts(world);
  const sending = deliveries(options.webhook);
  world.onEvent = (event) => sending.send(event);
  const playing: Playing = {
    world,
    control: { faults: [], requests: [] },
    sending,
    key: options.key,
    changed: () => undefined,
  };
  const server = createServer((request, response) => void respond(playing, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(world, { url: () => url });
  const saving = saver(world);
  playing.changed = saving.changed;
  const tick = setInterval(() => {
    if (playTime(world)) saving.changed();
  }, TICK_MS);
  return {
    url,
    settled: () => sending.settled(),
    stop: async () => {
      clearInterval(tick);
      sending.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await saving.last();
    },
  };
}

/** Writes the state a moment after a change, never twice at once. */
function saver(world: World): { changed: () => void; last: () => Promise<void> } {
  let writing: Promise<void> = Promise.resolve();
  let planned: NodeJS.Timeout | undefined;
  const save = (): void => {
    planned = undefined;
    // A disk that is full may have room again: what is not written yet is in memory.
    writing = writing.then(() => world.save()).catch(changed);
  };
  const changed = (): void => void (planned ??= setTimeout(save, SAVE_MS));
  return {
    changed,
    last: async () => {
      clearTimeout(planned);
      save();
      await writing;
      clearTimeout(planned);
    },
  };
}

async function respond(playing: Playing, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bodyOf(request);
  const url = new URL(request.url ?? '/', 'http://stand-in');
  response.setHeader('x-stand-in', 'This is a stand-in for Stripe; no money moves');
  if (body === null) {
    response.writeHead(413).end();
    return;
  }
  try {
    if (url.pathname.startsWith('/v1/')) await respondAsStripe(playing, request, response, url, body);
    else if (url.pathname.startsWith('/_stand-in/')) {
      const route = `${request.method} ${url.pathname.slice('/_stand-in/'.length)}`;
      const answer = await controlled(
        playing.world,
        playing.control,
        playing.sending,
        route,
        body === '' ? {} : (JSON.parse(body) as Record<string, unknown>),
      );
      sendJson(response, answer === undefined ? 404 : 200, answer ?? {});
    } else showPage(playing.world, request, response, url, body);
    playing.changed();
  } catch (error) {
    if (error instanceof StripeProblem) sendJson(response, error.status, { error: error.error });
    else
      sendJson(response, 500, {
        error: { type: 'api_error', message: error instanceof Error ? error.message : 'failed' },
      });
  }
}

async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LARGEST_BODY) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

async function respondAsStripe(
  playing: Playing,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  body: string,
): Promise<void> {
  const { world, control } = playing;
  const method = request.method ?? 'GET';
  const key = (request.headers['idempotency-key'] as string | undefined) ?? null;
  control.requests.push({ method, path: url.pathname, idempotencyKey: key });
  const fault = takeFault(control, method !== 'GET');
  if (fault?.kind === 'away') {
    request.socket.destroy();
    return;
  }
  if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.milliseconds ?? 1000));
  const { status, answer, replayed } =
    typeof fault?.kind === 'number'
      ? {
          status: fault.kind,
          answer: { error: { type: 'api_error', message: 'A fault that was asked for' } },
          replayed: false,
        }
      : carriedOut(playing, request, url, body, key);
  const json = JSON.stringify(answer);
  if (fault?.kind === 'lost') {
    request.socket.destroy();
    return;
  }
  response.writeHead(status, {
    ...{
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(json),
      'stripe-version': API_VERSION,
    },
    'request-id': `req_${world.now()}_${control.requests.length}`,
    ...(replayed && { 'idempotent-replayed': 'true' }),
    ...(status === 429 && { 'retry-after': '1' }),
  });
  if (fault?.kind === 'half') response.write(json.slice(0, json.length / 2), () => request.socket.destroy());
  else response.end(json);
}

function takeFault(control: Control, isWrite: boolean): Fault | undefined {
  const fault = control.faults.find(({ writes }) => isWrite || writes !== true);
  if (fault?.times !== undefined) {
    fault.times -= 1;
    if (fault.times <= 0) control.faults = control.faults.filter((one) => one !== fault);
  }
  return fault;
}

/** As Stripe keeps keys: an answer is given again, an error of the request's form is not kept, other parameters are refused. */
function carriedOut(
  { world, key: secret }: Playing,
  request: IncomingMessage,
  url: URL,
  body: string,
  key: string | null,
) {
  if (request.headers.authorization !== `Bearer ${secret}`)
    return {
      status: 401,
      answer: { error: { type: 'invalid_request_error', message: 'Invalid API Key provided' } },
      replayed: false,
    };
  const asked = `${request.method} ${url.pathname} ${body}`;
  const kept = key === null ? undefined : world.answers[key];
  if (kept && kept.request !== asked)
    return {
      status: 400,
      answer: {
        error: {
          type: 'idempotency_error',
          message:
            'Keys for idempotent requests can only be used with the same parameters they were first used with.',
        },
      },
      replayed: false,
    };
  if (kept) return { status: kept.status, answer: kept.body, replayed: true };
  const form = formOf(request.method === 'GET' ? url.search.slice(1) : body);
  const [status, answer] = tried(() => answerTo(world, request.method ?? 'GET', url.pathname, form));
  if (key !== null && request.method === 'POST' && status !== 400 && status !== 404)
    world.answers[key] = { request: asked, status, body: answer, at: world.now() };
  return { status, answer, replayed: false };
}

function tried(work: () => unknown): [number, unknown] {
  try {
    return [200, work()];
  } catch (error) {
    if (!(error instanceof StripeProblem)) throw error;
    return [error.status, { error: error.error }];
  }
}

function sendJson(response: ServerResponse, status: number, answer: unknown): void {
  if (!response.headersSent) response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer));
}

/** What a person sees in place of Stripe's pages. */
function showPage(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  body: string,
): void {
  const [, , kind = '', id = ''] = url.pathname.split('/');
  const object = world.find(id);
  const html = (status: number, page: string): void => {
    response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(page);
  };
  if (object && kind === 'checkout' && request.method === 'POST') {
    try {
      response.writeHead(303, { location: completeSession(world, id, formOf(body)) }).end();
    } catch (error) {
      if (!(error instanceof StripeProblem)) throw error;
      html(402, checkoutPage(object, error.message));
    }
    return;
  }
  const page = object && pages[kind]?.(world, object);
  html(page === undefined ? 404 : 200, page ?? 'There is no such page.');
}

const pages: Readonly<Record<string, (world: World, object: StripeObject) => string>> = {
  portal: portalPage,
  invoices: (_, invoice) => invoicePage(invoice),
  checkout: (_, session) => checkoutPage(session),
};
