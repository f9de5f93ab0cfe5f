import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { freePort, pythonEnvironment } from '@vouchsafe/testing';
import { eventually } from '../system/eventually.ts';

type Json = Readonly<Record<string, unknown>>;
/** An object as localstripe has it. */
export type Theirs = Json & { readonly id: string };

export interface Localstripe {
  /** Its API in today's form, for billing. */
  readonly url: string;
  /** Asks it, as it is. @throws Error with its answer where it refuses */
  ask<Answer = Theirs>(
    method: string,
    route: string,
    form?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  stop(): Promise<void>;
}

/** localstripe, another project's stateful stand-in: an older version of the API, without a clock that moves. */
export async function startLocalstripe(webhook: {
  readonly url: string;
  readonly secret: string;
}): Promise<Localstripe> {
  const python = pythonEnvironment('localstripe', path.join(import.meta.dirname, 'requirements.txt'));
  const [folder, port] = [await mkdtemp(path.join(tmpdir(), 'vouchsafe-localstripe-')), await freePort()];
  const args = ['-m', 'localstripe', '--port', String(port), '--from-scratch'];
  const child = spawn(python, args, {
    cwd: folder,
    env: { ...process.env, TMPDIR: folder },
    stdio: 'ignore',
  });
  const origin = `http://localhost:${port}`;
  const headers = { authorization: 'Bearer sk_test_localstripe' };
  await eventually('localstripe', async () =>
    fetch(`${origin}/v1/plans`, { headers }).then(
      ({ ok }) => (ok ? true : undefined),
      () => undefined,
    ),
  );
  await fetch(`${origin}/_config/webhooks/billing`, { method: 'POST', body: new URLSearchParams(webhook) });
  const adapter = createServer((request, response) => {
    const answer = async () => {
      const { method = 'GET', url = '/' } = request;
      const body = method === 'POST' ? await text(request) : undefined;
      const type = { 'content-type': request.headers['content-type'] ?? '' };
      const answered = await fetch(origin + olderQuestion(url), {
        ...{ method, headers: { ...headers, ...type } },
        ...(body !== undefined && { body }),
      });
      response
        .writeHead(answered.status, { 'content-type': 'application/json', 'request-id': 'req_localstripe' })
        .end(JSON.stringify(inTodaysForm(await answered.json())));
    };
    answer().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => adapter.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(adapter.address() as AddressInfo).port}`,
    ask: async (method, route, form) => {
      const answer = await fetch(`${origin}/v1/${route}`, {
        ...{ method, headers, ...(form && { body: new URLSearchParams(form) }) },
      });
      if (!answer.ok) throw new Error(`${method} ${route} -> ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as never;
    },
    stop: async () => {
      adapter.close();
      adapter.closeAllConnections();
      child.kill();
      await once(child, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Lists of payment methods had to name a type. */
function olderQuestion(url: string): string {
  return url.startsWith('/v1/payment_methods?') ? `${url}&type=card` : url;
}

/** What later versions of the API renamed, moved and added; what is so is not touched. https://docs.stripe.com/changelog */
function inTodaysForm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inTodaysForm);
  if (typeof value !== 'object' || value === null) return value;
  const older = Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, inTodaysForm(member)]),
  );
  if (older.object === 'subscription') return subscriptionOf(older);
  if (older.object === 'subscription_item') return { ...older, price: priceOf(older.plan as Json) };
  if (older.object !== 'invoice') return older;
  const remaining = Number(older.amount_due) - Number(older.amount_paid);
  const transitions = { marked_uncollectible_at: null, ...(older.status_transitions as Json) };
  return {
    number: null,
    due_date: null,
    ...older,
    amount_remaining: remaining,
    status_transitions: transitions,
  };
}

/** Periods are of items since 2025-03-31.basil. */
function subscriptionOf({ current_period_start, current_period_end, ...older }: Json): Json {
  const items = older.items as { readonly data: readonly Json[] };
  const data = items.data.map((item) => ({ ...item, current_period_start, current_period_end }));
  const [plan] = items.data.map((item) => item.plan as Json);
  return { pause_collection: null, ...older, currency: plan?.currency, items: { ...items, data } };
}

/** Plans are prices since 2020-05-14. */
function priceOf({ id, amount, interval, interval_count }: Json): Json {
  return { id, object: 'price', unit_amount: amount, recurring: { interval, interval_count } };
}
