/** @promise P31 of an organization that is erased nothing is left in billing, nor at Stripe what can go; late webhooks bring nothing back */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { organizationId as organizationIdOf } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { DATA_STORES, type DataStore } from '@vouchsafe/service-host';
import { eraseOrganization, interruptEachStep, placesOf } from '@vouchsafe/testing';
import { cardFailureAggregate } from '../card-failure/card-failure.aggregate.js';
import { operator } from '../testing/billing-app.js';
import { type History, historyOf } from '../testing/history.js';
import { type ObservedApp, observedApp } from '../testing/observed-app.js';

let billing: ObservedApp;
let ours: Required<History>;
let theirs: Required<History>;
/** Of objects that are of every kind. */
const seeds = [11, 12, 13, 14, 15, 16];

beforeAll(async () => {
  billing = await observedApp();
  theirs = await planted(20);
});
afterAll(() => billing.stop());
beforeEach(async () => {
  billing.stripe.fault = 'none';
  ours = await planted(seeds.shift() ?? 0);
});

const stores = () => billing.app.get<readonly DataStore[]>(DATA_STORES as never);
const run = (sql: string, values: readonly unknown[]) =>
  billing.app.database.asWorker((transaction) => transaction.query(sql, values));

async function planted(seed: number): Promise<Required<History>> {
  const history = { ...historyOf(seed), organizationId: randomUUID() };
  billing.stripe.add(history);
  await billing.know(history, history.organizationId);
  await billing.deliverAll(history);
  const id = organizationIdOf.parse(history.organizationId);
  const actor = { type: 'service', id: 'billing' } as const;
  await billing.app
    .get(EventStore)
    .transact(id, { actor, occurredAt: new Date(), requestId: null }, async (unit) => {
      const failures = [{ eventId: `evt_failed${seed}`, failedAt: new Date().toISOString(), card: null }];
      const command = { type: 'observe', organizationId: id, source: 'webhook', failures } as const;
      await unit.execute(cardFailureAggregate, id, command);
      await unit.query(`insert into intent (organization_id, intent_id) values ($1, gen_random_uuid())`, [
        id,
      ]);
      await unit.query(
        `insert into stripe_key values ($1, 'sealed', '4242', gen_random_uuid(), clock_timestamp())`,
        [id],
      );
      await unit.query('insert into stripe_key_checks values ($1, 1, clock_timestamp())', [id]);
    });
  await run(
    `insert into purge_check (organization_id, epoch, due_at) values ($1, 1, now() + interval '9 years')`,
    [id],
  );
  // What was read before an object's organization was kept beside it.
  await run(
    `insert into inbox (account, event_id, type, object_id, created_at, received_at, source, request)
     values ('own', $1, 'setup_intent.setup_failed', $2, now(), now(), 'webhook', 1)`,
    [`evt_failed${seed}`, `seti_${seed}`],
  );
  await run(
    `insert into stripe_object (object_id, object_type, source, requested, observed) values ($1, 'setup_intent', 'webhook', 1, 1)`,
    [`seti_${seed}`],
  );
  await run('update stripe_object set organization_id = null where organization_id = $1 and requested > 1', [
    id,
  ]);
  return history;
}

/** Rows of each table by organization; events of Stripe by their objects. */
async function rowsOf({ organizationId, ...history }: Required<History>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const ids = idsOf({ ...history, organizationId });
  for (const table of stores().flatMap(({ places }) => places)) {
    const rows = await billing.app.database.asRetention((sql) =>
      ['stripe_object', 'inbox'].includes(table)
        ? sql.query(`select from ${table} where object_id = any ($1)`, [ids])
        : sql.query(`select from ${table} where organization_id = $1`, [organizationId]),
    );
    counts[table] = rows.length;
  }
  return counts;
}

/** Of everything that a history has at Stripe. */
function idsOf({ customerId, steps }: Required<History>): string[] {
  const seed = customerId.slice('cus_'.length);
  return [
    ...new Set([`seti_${seed}`, customerId, ...steps.flatMap(({ objects }) => objects.map(({ id }) => id))]),
  ];
}

async function placesOfAll(history: Required<History>): Promise<string[]> {
  const places = new Set<string>();
  for (const id of [history.organizationId, ...idsOf(history)])
    for (const place of await placesOf(billing.app.postgres.adminUrl, 'billing', id)) places.add(place);
  return [...places].sort();
}
/** The tombstones, and what the operator's log says of the deletion. */
const kept = [
  'erasure.erased_organization_id',
  'erasure.organizations',
  'event.payload',
  'vault_erased_organization.organization_id',
];
const erase = ({ organizationId }: Required<History>) =>
  eraseOrganization(billing.app, operator, organizationId);

/** A new one, about a payment of the history's customer. */
function disputeOf({ customerId }: Required<History>): { type: string; objectId: string } {
  const id = `dp_late${customerId.slice('cus_'.length)}`;
  const content = {
    kind: 'dispute',
    customerId,
    status: 'needs_response',
    money: { amount: 100, currency: 'EUR' },
    reason: 'fraudulent',
    invoiceId: null,
    createdAt: new Date().toISOString(),
  } as const;
  billing.stripe.add({
    customerId,
    steps: [{ at: 0, objects: [{ type: 'dispute', id, content }], events: [] }],
  });
  return { type: 'charge.dispute.created', objectId: id };
}

async function until(check: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await check())) {
    if (performance.now() > end) throw new Error('It never came');
    await sleep(20);
  }
}

describe('an organization that is erased (P31)', () => {
  it('is found nowhere any more, its customer at Stripe is deleted, and another one stays as it was', async () => {
    expect(Object.entries(await rowsOf(ours)).filter(([, rows]) => rows === 0)).toEqual([]);
    const before = await rowsOf(theirs);
    const { receipt } = await erase(ours);
    expect(await placesOfAll(ours)).toEqual(kept);
    expect(billing.stripe.asked.filter((route) => route.startsWith('DELETE'))).toEqual([
      `DELETE /v1/customers/${ours.customerId}`,
    ]);
    expect(receipt).toMatchObject({
      stores: expect.arrayContaining([
        { store: 'customers', found: 1, left: 0, method: 'deleted' },
        { store: 'stripe-keys', found: 2, left: 0, method: 'deleted' },
      ]),
      retained: [
        {
          what: 'invoices-at-stripe',
          ground: 'statutory-accounting',
          until: expect.stringMatching(/-12-31$/),
        },
      ],
    });
    expect(await rowsOf(theirs)).toEqual(before);
  }, 60_000);

  it('is not brought back by webhooks that come later, and nobody else waits for them', async () => {
    await erase(ours);
    const notOurs = () => billing.metric('billing_observations_total');
    const dispute = disputeOf(ours);
    const late = [
      dispute,
      { type: 'customer.deleted', objectId: ours.customerId },
      ...ours.steps.flatMap(({ events }) => events),
    ];
    for (const one of late) expect((await billing.deliver(one, 1)).status).toBe(204);
    await billing.settled();
    expect(await placesOfAll({ ...ours, steps: [...ours.steps] })).toEqual(kept);
    expect(await placesOf(billing.app.postgres.adminUrl, 'billing', dispute.objectId)).toEqual([]);
    expect(await notOurs()).toMatch(/outcome="not-ours"\} [1-9]/);
    // Sent again, it is known.
    expect((await billing.deliver(dispute, 1)).status).toBe(204);
    expect(await run(`select from stripe_object where object_id = $1`, [dispute.objectId])).toEqual([]);
    const [first] = theirs.steps.flatMap(({ at, events }) => events.map((event) => ({ at, event })));
    if (!first) throw new Error('Their history is empty');
    await billing.deliver(first.event, first.at + 1);
    await billing.settled();
    expect(await run(`select from dead_letter`, [])).toEqual([]);
  }, 60_000);

  it('waits for Stripe as long as it is away, and keeps its keys until then', async () => {
    billing.stripe.fault = 500;
    billing.stripe.faultAt = '/v1/customers/';
    const erased = erase(ours);
    const tried = () => billing.stripe.asked.filter((route) => route.endsWith(ours.customerId)).length;
    const before = tried();
    await until(() => Promise.resolve(tried() >= before + 5));
    expect(await rowsOf(ours)).toMatchObject({ customer: 1 });
    expect(await placesOf(billing.app.postgres.adminUrl, 'billing', ours.organizationId)).toContain(
      'vault_organization_key.organization_id',
    );
    billing.stripe.fault = 'none';
    await erased;
    expect(await placesOfAll(ours)).toEqual(kept);
  }, 60_000);

  it('is recorded no more once it is being erased, while its customer is still there', async () => {
    billing.stripe.fault = 500;
    billing.stripe.faultAt = '/v1/customers/';
    const erased = erase(ours);
    const refused = 'select from vault_erased_organization where organization_id = $1';
    await until(async () => (await run(refused, [ours.organizationId])).length > 0);
    const dispute = disputeOf(ours);
    await billing.deliver(dispute, 1);
    const looked = `select from stripe_object where object_id = $1 and error is not null`;
    await until(async () => (await run(looked, [dispute.objectId])).length > 0);
    const events = await billing.events(ours.organizationId);
    expect(JSON.stringify(events)).not.toContain(dispute.objectId);
    billing.stripe.fault = 'none';
    await erased;
    expect(await placesOfAll(ours)).toEqual(kept);
  }, 60_000);

  it('goes on wherever it was interrupted, and gives one receipt', async () => {
    const interrupted = interruptEachStep(stores());
    try {
      await erase(ours);
      expect(interrupted.times()).toBe(stores().length * 8);
      expect(await placesOfAll(ours)).toEqual(kept);
    } finally {
      interrupted.end();
    }
  }, 120_000);

  it('deletes its customer once, also where the answer was lost', async () => {
    await fetch(`${billing.stripe.url}/v1/customers/${ours.customerId}`, { method: 'DELETE' });
    await erase(ours);
    expect(
      billing.stripe.asked.filter((route) => route === `DELETE /v1/customers/${ours.customerId}`),
    ).toHaveLength(1);
    expect(await placesOfAll(ours)).toEqual(kept);
  }, 60_000);
});
