import { randomUUID } from 'node:crypto';
import { type Answer, Client, freshKey, type Sent } from '../system/client.ts';
import {
  type Acceptance,
  currentDocuments,
  join,
  makeApiKey,
  newPerson,
  type Person,
  signUp,
} from '../system/people.ts';
import type { SystemUnderTest } from '../system/running-system.ts';
import type { Memory, SentBatch, SentCreation } from './memory.ts';

/** An organization under load. */
interface Customer {
  readonly owner: Person;
  readonly colleague: Person;
  readonly backEnd: Client;
  readonly logId: string;
}

export interface Load {
  readonly organizationIds: readonly string[];
  /** Runs the workers until the work is over; what they are in the middle of ends first. */
  during(work: () => Promise<void>): Promise<void>;
  /** Log, key and how to ask: for the checker, whose requests are remembered like all others. */
  ask(organizationId: string, operation: string, path: string): Promise<Answer | null>;
  readonly logIds: ReadonlyMap<string, string>;
}

/** Programs and people of several organizations, who remember everything that they are told. */
export async function prepareLoad(
  system: SystemUnderTest,
  memory: Memory,
  { organizations, workers }: { readonly organizations: number; readonly workers: number },
): Promise<Load> {
  const accept = await currentDocuments(system);
  const customers = await Promise.all(Array.from({ length: organizations }, () => customerOf(system)));
  const send = sender(memory);
  return {
    organizationIds: customers.map(({ owner }) => owner.organizationId),
    logIds: new Map(customers.map(({ owner, logId }) => [owner.organizationId, logId])),
    ask: (organizationId, operation, path) => {
      const customer = customers.find(({ owner }) => owner.organizationId === organizationId);
      if (!customer) throw new Error(`Nobody of ${organizationId} is under load`);
      return send(customer.backEnd, operation, 'GET', path);
    },
    during: async (work) => {
      const state = { over: false };
      const running = Array.from({ length: workers }, async (_, nth) => {
        const customer = customers[nth % customers.length];
        if (!customer) return;
        const worker = workerOf(system.url, customer, memory, accept);
        for (let turn = nth; !state.over; turn += 1) await worker(turn);
      });
      try {
        await work();
      } finally {
        state.over = true;
        await Promise.all(running);
      }
    },
  };
}

async function customerOf(system: SystemUnderTest): Promise<Customer> {
  const owner = await signUp(system);
  const colleague = await join(system, owner.browser, 'member');
  const scopes = ['audit:read', 'audit:write', 'audit:export', 'members:read'];
  const { client: backEnd } = await makeApiKey(system, owner.browser, scopes);
  for (;;) {
    const { logs } = (await backEnd.must(200, 'GET', '/v1/audit/logs')) as { logs: { logId: string }[] };
    const [log] = logs;
    if (log) return { owner, colleague, backEnd, logId: log.logId };
    await pause(100);
  }
}

type Send = (
  client: Client,
  operation: string,
  method: string,
  path: string,
  sent?: Sent,
) => Promise<Answer | null>;

/** Sends, and remembers what was told; null where nobody was there to tell. */
function sender(memory: Memory): Send {
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

/** One person or program after another, in turns; each turn is one thing done, however many tries it takes. */
function workerOf(
  url: string,
  customer: Customer,
  memory: Memory,
  accept: readonly Acceptance[],
): (turn: number) => Promise<void> {
  const send = sender(memory);
  const { owner, colleague, backEnd, logId } = customer;
  const organizationId = owner.organizationId;
  const senderId = randomUUID();
  const browser = new Client(url);
  browser.cookie = owner.browser.cookie;

  const record = async (size: number): Promise<void> => {
    const batch: SentBatch = {
      organizationId,
      sender: senderId,
      entries: Array.from({ length: size }, () => {
        const id = randomUUID();
        return { id, operation: `load.${id}` };
      }),
      places: null,
    };
    memory.batches.push(batch);
    const occurredAt = new Date().toISOString();
    const entries = batch.entries.map(({ id, operation }) => ({
      ...{ id, occurredAt, operation, outcome: 'success' },
      actor: { type: 'customer-user', id: 'u-1' },
    }));
    await untilAnswered(async () => {
      const answer = await send(backEnd, 'audit-entry.record', 'POST', '/v1/audit/entries', {
        body: { entries },
      });
      if (answer?.status === 201)
        batch.places = (answer.json() as { entries: NonNullable<SentBatch['places']> }).entries;
      return answer?.status;
    });
  };

  const create = async (
    what: SentCreation['what'],
    field: string,
    ask: (headers: Record<string, string>) => Promise<Answer | null>,
  ): Promise<void> => {
    const creation: SentCreation = {
      what,
      organizationId: what === 'organization' ? null : organizationId,
      id: null,
    };
    memory.creations.push(creation);
    const key = freshKey();
    await untilAnswered(async () => {
      const answer = await ask(key);
      if (answer && answer.status < 300)
        creation.id = (answer.json() as Readonly<Record<string, string>>)[field] ?? null;
      return answer?.status;
    });
  };

  const logIn = async (): Promise<void> => {
    const fresh = new Client(url);
    const { email, password } = owner;
    const creation: SentCreation = { what: 'session', organizationId, id: null };
    memory.creations.push(creation);
    const answer = await send(fresh, 'session.create', 'POST', '/v1/sessions', { body: { email, password } });
    if (answer?.status !== 201) return;
    creation.id = (answer.json() as { sessionId: string }).sessionId;
    browser.cookie = fresh.cookie;
  };

  const rename = async (): Promise<void> => {
    const body = { name: `Org ${randomUUID()}` };
    const answer = await send(browser, 'organization.change', 'PATCH', '/v1/organization', { body });
    if (answer?.status !== 204) return;
    const requestId = String(answer.headers['x-request-id']);
    memory.changes.push({ organizationId, eventType: 'organization-renamed', requestId });
  };

  // Whether it changes anything depends on what a lost request did before: only that it is answered and logged is looked at.
  const changeRole = (role: string) =>
    send(browser, 'member.change-role', 'PATCH', `/v1/members/${colleague.userId}`, { body: { role } });

  const watch = async (): Promise<void> => {
    const answer = await send(backEnd, 'audit-log.checkpoint', 'GET', `/v1/audit/logs/${logId}/checkpoint`);
    if (answer?.status === 200) memory.checkpoints.push({ logId, note: answer.text });
  };

  let roles = 0;
  const turnRole = () => (roles++ % 2 === 0 ? 'auditor' : 'member');
  const turns: readonly (() => Promise<unknown>)[] = [
    () => record(1),
    watch,
    () => record(20),
    () => send(browser, 'member.list', 'GET', '/v1/members'),
    () =>
      create('invitation', 'invitationId', (headers) =>
        send(browser, 'invitation.create', 'POST', '/v1/invitations', {
          body: { email: `${randomUUID()}@example.com`, role: 'member' },
          headers,
        }),
      ),
    () => record(5),
    rename,
    () => send(backEnd, 'audit-entry.list', 'GET', '/v1/audit/entries', { query: { limit: '20' } }),
    () => record(2),
    () => changeRole(turnRole()),
    () => send(new Client(url), 'legal-document.list', 'GET', '/v1/legal-documents'),
  ];
  const rare: readonly (() => Promise<unknown>)[] = [
    logIn,
    () => {
      const user = newPerson();
      const body = { organization: { name: `Org ${randomUUID()}` }, user, accept };
      return create('organization', 'organizationId', (headers) =>
        send(new Client(url), 'sign-up.create', 'POST', '/v1/sign-up', { body, headers }),
      );
    },
    () => {
      // Two seconds' entries: bundles are kept for days, and larger ones fill the run's disk within minutes.
      const now = Date.now();
      const range = { from: new Date(now - 2000).toISOString(), to: new Date(now).toISOString() };
      return create('export', 'exportId', (headers) =>
        send(backEnd, 'audit-export.request', 'POST', '/v1/audit/exports', {
          body: { ...range, reason: 'a fault test' },
          headers,
        }),
      );
    },
  ];

  return async (turn) => {
    // Passwords and exports cost more than the rest: one in forty turns.
    const work = turn % 40 === 39 ? rare[Math.floor(turn / 40) % rare.length] : turns[turn % turns.length];
    await work?.();
    await pause(20);
  };
}

/** As a careful client does: the same again, until an answer says how it went, or that it is of no use. */
async function untilAnswered(attempt: () => Promise<number | undefined>): Promise<void> {
  for (let tried = 0; tried < 8; tried += 1) {
    const status = await attempt();
    if (status !== undefined && status < 500) return;
    await pause(100 * 2 ** Math.min(tried, 4));
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
