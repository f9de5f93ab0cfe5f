import { randomUUID } from 'node:crypto';
import { type Answer, Client, freshKey, type Sent } from '../system/client.ts';
import { type Acceptance, newPerson, type Person } from '../system/people.ts';
import type { Memory, SentBatch, SentCreation } from './memory.ts';

/** An organization under load. */
export interface Customer {
  readonly owner: Person;
  readonly colleague: Person;
  readonly backEnd: Client;
  readonly logId: string;
  /** A saved card. */
  readonly paymentMethodId: string;
}

type Send = (
  client: Client,
  operation: string,
  method: string,
  path: string,
  sent?: Sent,
) => Promise<Answer | null>;

/** One client of a customer: a browser and a back end. */
interface Worker {
  readonly url: string;
  readonly customer: Customer;
  readonly memory: Memory;
  readonly accept: readonly Acceptance[];
  readonly send: Send;
  readonly senderId: string;
  readonly browser: Client;
}

/** @returns does one thing in each turn, however many tries it takes */
export function workerOf(
  url: string,
  customer: Customer,
  memory: Memory,
  accept: readonly Acceptance[],
): (turn: number) => Promise<void> {
  const browser = new Client(url);
  browser.cookie = customer.owner.browser.cookie;
  const worker = { url, customer, memory, accept, send: sender(memory), senderId: randomUUID(), browser };
  const { send } = worker;
  const { backEnd, logId } = customer;
  let roles = 0;
  const turns: readonly (() => Promise<unknown>)[] = [
    () => record(worker, 1),
    () => watch(worker, logId),
    () => record(worker, 20),
    () => send(browser, 'member.list', 'GET', '/v1/members'),
    () => invite(worker),
    () => record(worker, 5),
    () => rename(worker),
    () => send(backEnd, 'audit-entry.list', 'GET', '/v1/audit/entries', { query: { limit: '20' } }),
    () => record(worker, 2),
    () => changeRole(worker, roles++ % 2 === 0 ? 'auditor' : 'member'),
    () => send(new Client(url), 'legal-document.list', 'GET', '/v1/legal-documents'),
  ];
  const rare = [logIn, signUp, exportEntries];
  return async (turn) => {
    // Passwords and exports cost more than the rest: one in forty turns.
    if (turn % 40 === 39) await rare[Math.floor(turn / 40) % rare.length]?.(worker);
    // And each subscription is told by a dozen webhooks.
    else if (turn % 10 === 4) await subscribeOrCancel(worker);
    else await turns[turn % turns.length]?.();
    await pause(20);
  };
}

/** Sends requests and remembers the answers; null where no answer came. */
export function sender(memory: Memory): Send {
  return async (client, operation, method, path, sent) => {
    try {
      const answer = await client.send(method, path, sent);
      const { code } = answer.status < 400 ? { code: null } : (answer.json() as { code: string });
      const requestId = String(answer.headers['x-request-id']);
      memory.answered.push({ requestId, status: answer.status, code, operation });
      return answer;
    } catch {
      memory.lost.set(operation, (memory.lost.get(operation) ?? 0) + 1);
      await pause(50);
      return null;
    }
  };
}

async function record({ customer, memory, send, senderId }: Worker, size: number): Promise<void> {
  const batch: SentBatch = {
    organizationId: customer.owner.organizationId,
    sender: senderId,
    entries: Array.from({ length: size }, () => {
      const id = randomUUID();
      return { id, operation: `load.${id}` };
    }),
    locations: null,
  };
  memory.batches.push(batch);
  const occurredAt = new Date().toISOString();
  const entries = batch.entries.map(({ id, operation }) => ({
    ...{ id, occurredAt, operation, outcome: 'success' },
    actor: { type: 'customer-user', id: 'u-1' },
  }));
  await untilAnswered(async () => {
    const answer = await send(customer.backEnd, 'audit-entry.record', 'POST', '/v1/audit/entries', {
      body: { entries },
    });
    if (answer?.status === 201)
      batch.locations = (answer.json() as { entries: NonNullable<SentBatch['locations']> }).entries;
    return answer?.status;
  });
}

/** Creates something under an Idempotency-Key, and remembers the id that was answered. */
async function create(
  { memory }: Worker,
  creation: SentCreation,
  field: string,
  ask: (headers: Record<string, string>) => Promise<Answer | null>,
): Promise<void> {
  memory.creations.push(creation);
  const key = freshKey();
  await untilAnswered(async () => {
    const answer = await ask(key);
    if (answer && answer.status < 300)
      creation.id = (answer.json() as Readonly<Record<string, string>>)[field] ?? null;
    return answer?.status;
  });
}

function invite(worker: Worker): Promise<void> {
  const { organizationId } = worker.customer.owner;
  return create(worker, { what: 'invitation', organizationId, id: null }, 'invitationId', (headers) =>
    worker.send(worker.browser, 'invitation.create', 'POST', '/v1/invitations', {
      body: { email: `${randomUUID()}@example.com`, role: 'member' },
      headers,
    }),
  );
}

function signUp(worker: Worker): Promise<void> {
  const body = {
    organization: { name: `Org ${randomUUID()}` },
    user: newPerson(),
    accept: worker.accept,
  };
  return create(
    worker,
    { what: 'organization', organizationId: null, id: null },
    'organizationId',
    (headers) =>
      worker.send(new Client(worker.url), 'sign-up.create', 'POST', '/v1/sign-up', { body, headers }),
  );
}

/** The entries of two seconds: bundles are kept for days, and larger ones would fill the run's disk within minutes. */
function exportEntries(worker: Worker): Promise<void> {
  const { owner, backEnd } = worker.customer;
  const now = Date.now();
  const range = { from: new Date(now - 2000).toISOString(), to: new Date(now).toISOString() };
  const creation: SentCreation = { what: 'export', organizationId: owner.organizationId, id: null };
  return create(worker, creation, 'exportId', (headers) =>
    worker.send(backEnd, 'audit-export.request', 'POST', '/v1/audit/exports', {
      body: { ...range, reason: 'a fault test' },
      headers,
    }),
  );
}

/** As the owner's page shows it: they cancel what is live, or subscribe. */
async function subscribeOrCancel(worker: Worker): Promise<void> {
  const { send, browser } = worker;
  const listed = await send(browser, 'subscription.list', 'GET', '/v1/billing/subscriptions');
  if (listed?.status !== 200) return;
  const { items } = listed.json() as { items: { subscriptionId: string; isLive: boolean }[] };
  const live = items.find(({ isLive }) => isLive);
  await (live ? cancel(worker, live.subscriptionId) : subscribe(worker));
}

function subscribe(worker: Worker): Promise<void> {
  const { owner, paymentMethodId } = worker.customer;
  const creation: SentCreation = { what: 'subscription', organizationId: owner.organizationId, id: null };
  return create(worker, creation, 'subscriptionId', (headers) =>
    worker.send(worker.browser, 'subscription.create', 'POST', '/v1/billing/subscriptions', {
      body: { priceId: 'price_team', quantity: 2, paymentMethodId },
      headers,
    }),
  );
}

function cancel({ send, browser, memory }: Worker, subscriptionId: string): Promise<void> {
  const sent = { body: { at: 'now' }, headers: freshKey() };
  const path = `/v1/billing/subscriptions/${subscriptionId}/cancellation`;
  return untilAnswered(async () => {
    const answer = await send(browser, 'subscription.cancel', 'POST', path, sent);
    if (answer?.status === 200) memory.cancelled.push(subscriptionId);
    return answer?.status;
  });
}

async function logIn({ url, customer, memory, send, browser }: Worker): Promise<void> {
  const fresh = new Client(url);
  const { email, password, organizationId } = customer.owner;
  const creation: SentCreation = { what: 'session', organizationId, id: null };
  memory.creations.push(creation);
  const answer = await send(fresh, 'session.create', 'POST', '/v1/sessions', { body: { email, password } });
  if (answer?.status !== 201) return;
  creation.id = (answer.json() as { sessionId: string }).sessionId;
  browser.cookie = fresh.cookie;
}

async function rename({ customer, memory, send, browser }: Worker): Promise<void> {
  const { organizationId } = customer.owner;
  const body = { name: `Org ${randomUUID()}` };
  const answer = await send(browser, 'organization.change', 'PATCH', '/v1/organization', { body });
  if (answer?.status !== 204) return;
  const requestId = String(answer.headers['x-request-id']);
  memory.changes.push({ organizationId, eventType: 'organization-renamed', requestId });
}

/** Whether it changes anything depends on what a lost request did before: only the answer and its entry are checked. */
function changeRole({ customer, send, browser }: Worker, role: string): Promise<Answer | null> {
  const path = `/v1/members/${customer.colleague.userId}`;
  return send(browser, 'member.change-role', 'PATCH', path, { body: { role } });
}

async function watch({ customer, memory, send }: Worker, logId: string): Promise<void> {
  const path = `/v1/audit/logs/${logId}/checkpoint`;
  const answer = await send(customer.backEnd, 'audit-log.checkpoint', 'GET', path);
  if (answer?.status === 200) memory.checkpoints.push({ logId, note: answer.text });
}

/** Retries as a careful client does: until an answer with success or a client error comes. */
async function untilAnswered(attempt: () => Promise<number | undefined>): Promise<void> {
  for (let tried = 0; tried < 8; tried += 1) {
    const status = await attempt();
    if (status !== undefined && status < 500) return;
    await pause(100 * 2 ** Math.min(tried, 4));
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
