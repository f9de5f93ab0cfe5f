import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiAnswer, type ApiRequest, answerTo } from './api.ts';
import { type Control, controlAnswer } from './control.ts';
import { doWhatIsDue } from './due.ts';
import type { Fault } from './faults.ts';
import { readForm } from './form.ts';
import { escaped, type Page, pageOfHtml } from './html.ts';
import { inUse } from './idempotency.ts';
import { matched } from './matching.ts';
import { pageRoutes } from './pages.ts';
import { Problem } from './problem.ts';

/** Every answer has it: nobody takes this for Stripe. */
const MARK = { 'x-vouchsafe-stand-in': 'stripe' };
const MOST_BYTES = 1_000_000;

export function createStandInServer(control: Control): Server {
  return createServer((request, response) => {
    handle(control, request, response).catch((error: unknown) => {
      if (response.headersSent || response.destroyed) return;
      control.logError(error);
      send(response, 500, JSON.stringify({ error: { type: 'api_error', message: 'The stand-in failed' } }));
    });
  });
}

async function handle(control: Control, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, search } = new URL(request.url ?? '/', 'http://stand-in');
  const body = await bodyOf(request);
  if (body === undefined) {
    send(response, 413, JSON.stringify({ error: { type: 'invalid_request_error', message: 'Too large' } }));
    return;
  }
  const method = request.method ?? 'GET';
  if (pathname === '/_stand-in' || pathname.startsWith('/_stand-in/')) {
    const { status, answer } = await controlAnswer(control, {
      method,
      pathname,
      search,
      body,
      headers: request.headers,
    });
    send(response, status, JSON.stringify(answer, null, 2));
  } else if (pathname.startsWith('/_pages/')) showPage(control, method, pathname, body, response);
  else
    await answerApi(control, response, {
      ...{ method, path: pathname, query: search.slice(1), body },
      authorization: request.headers.authorization,
      idempotencyKey: one(request.headers['idempotency-key']),
      version: one(request.headers['stripe-version']),
    });
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MOST_BYTES) chunks.push(chunk);
  }
  return size > MOST_BYTES ? undefined : Buffer.concat(chunks).toString('utf8');
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const length = String(Buffer.byteLength(body));
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': length, ...MARK, ...headers })
    .end(body);
}

function showPage(
  { world }: Control,
  method: string,
  pathname: string,
  body: string,
  response: ServerResponse,
): void {
  doWhatIsDue(world, world.now());
  const found = matched(pageRoutes, method, pathname);
  const page = found
    ? pageOrProblem(() => found.handler({ world, form: readForm(body), path: found.path }))
    : pageOfHtml('Not found', '<p>There is no such page.</p>', 404);
  world.settle();
  if ('location' in page) {
    send(response, page.status, '', { location: page.location });
    return;
  }
  send(response, page.status, page.html, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  });
}

/** What the API would answer with an error is a page, too: the customer has begun to pay in another currency since, for example. */
function pageOrProblem(show: () => Page): Page {
  try {
    return show();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return pageOfHtml(
      'This cannot be done',
      `<p class="error" role="alert">${escaped(error.message)}</p>`,
      error.status,
    );
  }
}

/** The newest requests are kept for tests; the stand-in may run for months. */
const SEEN_AT_MOST = 10_000;

/** Keys of requests that are being carried out. */
const busy = new Set<string>();

async function answerApi(control: Control, response: ServerResponse, request: ApiRequest): Promise<void> {
  const fault = control.faults.take(request.method, request.path);
  const note = (answer: ApiAnswer | undefined) => {
    if (control.seen.length >= SEEN_AT_MOST) control.seen.shift();
    control.seen.push({
      ...{ at: control.world.now(), method: request.method, path: request.path },
      idempotencyKey: request.idempotencyKey ?? null,
      fault: fault?.kind ?? null,
      status: answer?.status ?? null,
      replayed: answer?.headers['idempotent-replayed'] === 'true',
    });
  };
  if (fault?.kind === 'away') {
    note(undefined);
    response.destroy();
    return;
  }
  const answer = await answered(control, request, fault);
  note(answer);
  if (fault?.kind === 'lost') {
    response.destroy();
    return;
  }
  if (fault?.kind !== 'half') {
    send(response, answer.status, answer.body, answer.headers);
    return;
  }
  const length = String(Buffer.byteLength(answer.body));
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'content-length': length,
    ...MARK,
    ...answer.headers,
  });
  response.write(answer.body.slice(0, answer.body.length / 2), () => response.destroy());
}

async function answered(control: Control, request: ApiRequest, fault: Fault | undefined): Promise<ApiAnswer> {
  const key = request.method === 'POST' ? request.idempotencyKey : undefined;
  const busyKey = key === undefined ? undefined : `${control.id} ${key}`;
  if (busyKey !== undefined && busy.has(busyKey))
    return answerTo(
      control.world,
      control.secretKey,
      { ...request, idempotencyKey: undefined },
      asFailure(inUse(key ?? '')),
    );
  if (busyKey !== undefined) busy.add(busyKey);
  try {
    if (fault?.kind === 'slow') await sleep(fault.milliseconds);
    if (typeof fault?.kind !== 'number') return answerTo(control.world, control.secretKey, request);
    if (fault.kind === 429) return rateLimited(control, request, fault);
    const body = {
      type: 'api_error',
      message: 'An error occurred on our side (a fault of the stand-in).',
    } as const;
    return answerTo(control.world, control.secretKey, request, { status: fault.kind, body });
  } finally {
    if (busyKey !== undefined) busy.delete(busyKey);
  }
}

/** It is turned away before anything is looked at, so it is not kept for its key. */
function rateLimited(control: Control, request: ApiRequest, { retryAfter }: Fault): ApiAnswer {
  const body = { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many requests' } as const;
  const answer = answerTo(
    control.world,
    control.secretKey,
    { ...request, idempotencyKey: undefined },
    { status: 429, body },
  );
  return {
    ...answer,
    headers: { ...answer.headers, 'retry-after': String(retryAfter) },
  };
}

function asFailure({ status, body }: Problem) {
  return { status, body };
}
