/** @promise P18 keeps of an event its name, and nothing of what was in it; and forgets it after a while */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { historyOf } from '../testing/history.js';
import { type ObservedApp, observedApp } from '../testing/observed-app.js';
import { signatureOf } from '../testing/stripe-of-history.js';
import { Inbox } from './inbox.js';

let billing: ObservedApp;
beforeAll(async () => {
  billing = await observedApp();
});
afterAll(() => billing.stop());

const ids = async () => {
  const rows = await billing.app.database.asWorker((sql) =>
    sql.query<{ event_id: string }>('select event_id from inbox order by event_id'),
  );
  return rows.map(({ event_id }) => event_id);
};

async function sendEvent(id: string, object: object): Promise<void> {
  const event = {
    id,
    object: 'event',
    type: 'customer.updated',
    created: 1,
    livemode: false,
    data: { object },
  };
  const text = JSON.stringify(event);
  const signature = signatureOf(text, Math.floor(Date.now() / 1000));
  expect((await billing.send(text, { 'stripe-signature': signature })).status).toBe(204);
}

it('keeps nothing of what was in an event', async () => {
  await sendEvent('evt_personal', { id: 'cus_unknown', name: 'Ada Lovelace', email: 'ada@example.com' });
  const rows = await billing.app.database.asWorker((sql) =>
    sql.query<{ text: string }>(
      'select row_to_json(inbox)::text as text from inbox union all select row_to_json(stripe_object)::text from stripe_object',
    ),
  );
  expect(rows.length).toBeGreaterThan(1);
  for (const { text } of rows) expect(text).not.toMatch(/ada/i);
  expect(billing.app.printed()).not.toMatch(/lovelace|ada@example/i);
});

it('forgets events that are older than Stripe’s own list, but none whose object was not looked at', async () => {
  const history = { ...historyOf(81), organizationId: randomUUID() };
  billing.stripe.add(history);
  await billing.know(history, history.organizationId);
  await sendEvent('evt_old', { id: history.customerId });
  await billing.settled();
  await sendEvent('evt_new', { id: history.customerId });
  await billing.settled();
  billing.stripe.fault = 500;
  await sendEvent('evt_open', { id: 'cus_81open' });
  await billing.app.database.asWorker((sql) =>
    sql.query(`insert into inbox select account, event_id || '_aged', type, object_id, api_version, created_at,
        received_at - interval '41 days', source, request from inbox where event_id in ('evt_old', 'evt_open')`),
  );
  expect(await billing.app.get(Inbox).deleteOld(40)).toBe(1);
  expect(await ids()).toEqual(['evt_new', 'evt_old', 'evt_open', 'evt_open_aged', 'evt_personal']);
  billing.stripe.fault = 'none';
});

it('takes events that come together once each, those that are known, too, and asks for one look at an object', async () => {
  await sendEvent('evt_known', { id: 'cus_82many' });
  const inbox = billing.app.get(Inbox);
  const about = { type: 'customer', id: 'cus_82many' } as const;
  const add = (id: string) =>
    inbox.add(
      {
        ...{ id, object: 'event', type: 'customer.updated', livemode: false, created: 1 },
        ...{ api_version: null, data: { object: { id: about.id } } },
      },
      about,
      'webhook',
    );
  const sent = ['evt_known', ...Array.from({ length: 600 }, (_, nth) => `evt_many_${nth % 300}`)];
  const isNew = await Promise.all(sent.map(add));
  expect(isNew.filter(Boolean)).toHaveLength(300);
  expect(isNew[0]).toBe(false);
  expect((await ids()).filter((id) => id.startsWith('evt_many_'))).toHaveLength(300);
  await billing.settled();
  const rows = await billing.app.database.asWorker((sql) =>
    sql.query(`select from inbox join stripe_object using (object_id) where request > observed`),
  );
  expect(rows).toEqual([]);
});
