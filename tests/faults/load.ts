import type { Answer } from '../system/client.ts';
import { currentDocuments, join, makeApiKey, signUp } from '../system/people.ts';
import type { SystemUnderTest } from '../system/running-system.ts';
import { saveCard } from '../system/stripe.ts';
import type { Memory } from './memory.ts';
import { type Customer, pause, sender, workerOf } from './worker.ts';

export interface Load {
  readonly organizationIds: readonly string[];
  /** Runs the workers until the work is over, and waits for their last turns. */
  during(work: () => Promise<void>): Promise<void>;
  /** Log, key and how to ask: for the checker, whose requests are remembered like all others. */
  ask(organizationId: string, operation: string, path: string): Promise<Answer | null>;
  readonly logIds: ReadonlyMap<string, string>;
}

/** Programs and people of several organizations, whose requests and answers are remembered. */
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
      if (!customer) throw new Error(`The load has no organization ${organizationId}`);
      // As an owner: of an organization whose subscriptions have ended they alone have access.
      return send(customer.owner.browser, operation, 'GET', path);
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
  const paymentMethodId = await saveCard(system, owner.browser);
  for (;;) {
    const { logs } = (await backEnd.must(200, 'GET', '/v1/audit/logs')) as { logs: { logId: string }[] };
    const [log] = logs;
    if (log) return { owner, colleague, backEnd, logId: log.logId, paymentMethodId };
    await pause(100);
  }
}
