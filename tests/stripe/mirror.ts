import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { newerParameters } from './differences.ts';
import type { StripeMock } from './stripe-mock.ts';

export interface Mirror {
  readonly url: string;
  /** Routes that were asked for, as Stripe's description names them. */
  readonly asked: ReadonlySet<string>;
  /** What Stripe's own programs and description have against requests and answers. */
  readonly problems: readonly string[];
  stop(): Promise<void>;
}

/** Between the SDK and the stand-in: each request goes to stripe-mock, too, and each answer is held against Stripe's description. */
export async function startMirror(standIn: string, { url: mock, description }: StripeMock): Promise<Mirror> {
  const asked = new Set<string>();
  const problems: string[] = [];
  const server = createServer((request, response) => {
    const answer = async () => {
      const { method = 'GET', url = '/' } = request;
      const sent: Sent = {
        method,
        headers: headersOf(request),
        ...(method === 'POST' && { body: await text(request) }),
      };
      const answered = await fetch(standIn + url, sent);
      const body = await answered.text();
      const [where = '', query] = url.split('?');
      const route = `${method} ${description.routeOf(where) ?? where}`;
      asked.add(route);
      const about = `${method} ${where}${query === undefined ? '' : `?${query}`} ${sent.body ?? ''}`;
      const refused = await refusal(mock + url, withoutNewer(route, sent));
      if (refused !== undefined) problems.push(`${about}: stripe-mock: ${refused}`);
      for (const problem of description.problemsOf(method, where, answered.status, JSON.parse(body)))
        problems.push(`${about}: ${answered.status}: ${problem}`);
      response.writeHead(answered.status, Object.fromEntries(answered.headers)).end(body);
    };
    answer().catch((error: unknown) => {
      problems.push(String(error));
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...{ asked, problems, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Sent {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const PASSED_ON = ['authorization', 'content-type', 'idempotency-key', 'stripe-version'];

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    PASSED_ON.flatMap((name) => (headers[name] ? [[name, String(headers[name])]] : [])),
  );
}

function withoutNewer(route: string, { body, ...sent }: Sent): Sent {
  const newer = newerParameters.filter((one) => one.route === route).map(({ parameter }) => parameter);
  if (body === undefined || newer.length === 0) return { ...sent, ...(body !== undefined && { body }) };
  const kept = body.split('&').filter((field) => !newer.some((name) => field.startsWith(name)));
  return { ...sent, body: kept.join('&') };
}

/** @returns why stripe-mock does not take a request */
async function refusal(url: string, sent: Sent): Promise<string | undefined> {
  // It takes keys of the form that Stripe's own have.
  const answer = await fetch(url, {
    ...sent,
    headers: { ...sent.headers, authorization: 'Bearer sk_test_123' },
  });
  const said = (await answer.json()) as { error?: { message?: string } };
  return answer.ok ? undefined : `${answer.status} ${said.error?.message ?? ''}`;
}
