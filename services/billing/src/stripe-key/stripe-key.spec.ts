/**
 * @promise P09 a customer's Stripe key is sealed, checked, used by an allow list, each use recorded, replaced and removed
 * @promise P22 no table and no log has a customer's Stripe key, and a deployment that has switched the feature off stores nothing of it
 */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Permission } from '@vouchsafe/service-host';
import { type StandIn, startStandIn } from '../../../../tools/stripe-stand-in/stand-in.js';
import { ada, type AskOptions, type BillingApp, billingApp } from '../testing/billing-app.js';

const everything = ['balance:read', 'payouts:read'] as const;
const backEnd: readonly Permission[] = ['stripe:read'];

let standIn: StandIn;
let app: BillingApp;
/** A new one for each test. */
let organizationId: string;

const environment = () => ({ STRIPE_SECRET_KEY: standIn.key, VOUCHSAFE_STRIPE_API: standIn.url });

beforeAll(async () => {
  standIn = await startStandIn();
  app = await billingApp(environment());
}, 60_000);
afterAll(async () => {
  await app.stop();
  await standIn.stop();
});
beforeEach(async () => {
  organizationId = randomUUID();
  await control('faults', { faults: [] });
});

async function control(path: string, body: object): Promise<unknown> {
  const response = await fetch(`${standIn.url}/_stand-in/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function keyAtStripe(...permissions: readonly string[]): Promise<string> {
  const { key } = (await control('restricted-keys', { permissions })) as { key: string };
  return key;
}

const put = (key: string, more: AskOptions = {}) =>
  app.ask('PUT', '/v1/billing/stripe-key', { organizationId, body: { key }, ...more });
const read = () => app.ask('GET', '/v1/billing/stripe-key', { organizationId });
const atStripe = (path: string) =>
  app.ask('GET', `/v1/billing/stripe/${path}`, { organizationId, permissions: backEnd });

/** What is recorded before a key is checked, whatever Stripe then says. */
const checked = ['stripe-key-used balance', 'stripe-key-used payouts'];

const revokeAtStripe = (key: string) =>
  fetch(`${standIn.url}/_stand-in/restricted-keys/${key}`, { method: 'DELETE' });

/** As the superuser, whom no policy keeps from a row. */
async function asAdmin<Result>(
  { postgres }: BillingApp,
  work: (admin: pg.Client) => Promise<Result>,
): Promise<Result> {
  const admin = new pg.Client(new URL('/billing', postgres.adminUrl).href);
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

/** Where any of the keys stands, as it is, in hex or in base64: tables that are not Postgres's own, and what was printed. */
function placesOf(of: BillingApp, keys: readonly string[]): Promise<readonly string[]> {
  const forms = keys.flatMap((key) => [
    key,
    Buffer.from(key).toString('hex'),
    Buffer.from(key).toString('base64').replace(/=+$/, '').slice(0, -1),
  ]);
  const isIn = (text: string) => forms.some((form) => text.includes(form));
  return asAdmin(of, async (admin) => {
    const { rows: tables } = await admin.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    const places: string[] = isIn(of.printed()) ? ['printed'] : [];
    for (const { name } of tables) {
      const { rows } = await admin.query<{ text: string }>(`select t::text as text from ${name} t`);
      if (rows.some(({ text }) => isIn(text))) places.push(name);
    }
    return places;
  });
}

/** What the organization's events say: their type, who did it, and of which key or what was read. */
async function events(): Promise<readonly string[]> {
  const { rows } = await asAdmin(app, (admin) =>
    admin.query<{ type: string; payload: { lastFour?: string; read?: string } }>(
      'select type, payload from event where organization_id = $1 order by position',
      [organizationId],
    ),
  );
  return rows.map(({ type, payload }) => [type, payload.lastFour ?? payload.read].filter(Boolean).join(' '));
}

describe('a customer’s Stripe key', () => {
  it('is shown by its last four characters alone, and reads the balance and payouts', async () => {
    const key = await keyAtStripe(...everything);
    const shown = { lastFour: key.slice(-4), setBy: ada, setAt: expect.any(String) as unknown };
    expect(await put(key)).toMatchObject({ status: 200, body: shown });
    expect((await read()).body).toEqual(shown);
    await control('payouts', { currency: 'eur', amount: 1900 });
    await control('payouts', { currency: 'eur', amount: 2900 });
    expect((await atStripe('balance')).body).toEqual({
      available: [{ amount: 0, currency: 'EUR', decimals: 2 }],
      pending: [{ amount: 0, currency: 'EUR', decimals: 2 }],
    });
    const first = await atStripe('payouts?limit=1');
    expect(first.body.items).toMatchObject([{ amount: { amount: 2900, currency: 'EUR' }, status: 'paid' }]);
    const second = await atStripe(`payouts?limit=1&cursor=${first.body.next as string}`);
    expect(second.body).toMatchObject({ items: [{ amount: { amount: 1900 } }], next: null });
    expect(await events()).toEqual([
      ...checked,
      `stripe-key-set ${key.slice(-4)}`,
      'stripe-key-used balance',
      'stripe-key-used payouts',
      'stripe-key-used payouts',
    ]);
  });

  it('is another organization’s no business', async () => {
    await put(await keyAtStripe(...everything));
    organizationId = randomUUID();
    for (const answer of [await read(), await atStripe('balance')])
      expect([answer.status, answer.body.reason]).toEqual([404, 'no-key']);
    expect(await events()).toEqual([]);
  });

  it('is replaced by another one, and removed', async () => {
    const [old, next] = [await keyAtStripe(...everything), await keyAtStripe('balance:read')];
    await put(old);
    await put(next);
    await revokeAtStripe(old);
    expect((await read()).body.lastFour).toBe(next.slice(-4));
    expect((await atStripe('balance')).status).toBe(200);
    const remove = () => app.ask('DELETE', '/v1/billing/stripe-key', { organizationId });
    expect((await remove()).status).toBe(204);
    for (const answer of [await remove(), await read(), await atStripe('balance')])
      expect([answer.status, answer.body.reason]).toEqual([404, 'no-key']);
    expect(await events()).toEqual([
      ...checked,
      `stripe-key-set ${old.slice(-4)}`,
      ...checked,
      `stripe-key-set ${next.slice(-4)}`,
      'stripe-key-used balance',
      'stripe-key-removed',
    ]);
    const rows = await asAdmin(app, (admin) =>
      admin.query('select from stripe_key where organization_id = $1', [organizationId]),
    );
    expect(rows.rowCount).toBe(0);
  });

  describe('that somebody moves by SQL', () => {
    const rowOf = async (whose: string) =>
      asAdmin(app, async (admin) => {
        const { rows } = await admin.query<{ row: object }>(
          'select to_jsonb(k) as row from stripe_key k where organization_id = $1',
          [whose],
        );
        return rows[0]?.row ?? {};
      });
    const putRow = (row: object) =>
      asAdmin(app, async (admin) => {
        await admin.query('delete from stripe_key where organization_id = $1', [organizationId]);
        await admin.query(
          'insert into stripe_key select * from jsonb_populate_record(null::stripe_key, $1)',
          [JSON.stringify({ ...row, organization_id: organizationId })],
        );
      });
    const refusals = async () => {
      const answers = [await read(), await atStripe('balance')];
      return answers.map(({ status, body }) => `${status} ${String(body.reason)}`);
    };
    const notUsable = ['422 key-not-usable', '422 key-not-usable'];

    it('is refused after it was removed', async () => {
      await put(await keyAtStripe(...everything));
      const row = await rowOf(organizationId);
      await app.ask('DELETE', '/v1/billing/stripe-key', { organizationId });
      await putRow(row);
      expect(await refusals()).toEqual(['404 no-key', '404 no-key']);
    });

    it('is refused after it was replaced, and what the row says of it cannot be changed', async () => {
      await put(await keyAtStripe(...everything));
      const old = await rowOf(organizationId);
      await put(await keyAtStripe(...everything));
      const current = await rowOf(organizationId);
      for (const row of [
        old,
        { ...current, key_sealed: (old as { key_sealed: string }).key_sealed },
        { ...current, last_four: 'xxxx' },
        { ...current, set_at: new Date().toISOString() },
        { ...current, set_by: randomUUID() },
        { ...current, key_sealed: 'nothing' },
      ]) {
        await putRow(row);
        expect(await refusals()).toEqual(notUsable);
      }
      await putRow(current);
      expect((await read()).status).toBe(200);
      expect((await atStripe('balance')).status).toBe(200);
    });

    it('is refused in another organization’s row', async () => {
      await put(await keyAtStripe(...everything));
      const theirs = await rowOf(organizationId);
      organizationId = randomUUID();
      await put(await keyAtStripe(...everything));
      await putRow(theirs);
      expect(await refusals()).toEqual(notUsable);
      await put(await keyAtStripe(...everything));
      expect((await read()).status).toBe(200);
    });
  });

  it('is recorded as used, too, where Stripe then refuses it', async () => {
    const key = await keyAtStripe('balance:read');
    await put(key);
    const notPermitted = await atStripe('payouts');
    expect([notPermitted.status, notPermitted.body.reason]).toEqual([422, 'key-not-permitted']);
    await revokeAtStripe(key);
    const refused = await atStripe('balance');
    expect([refused.status, refused.body.reason]).toEqual([422, 'key-refused']);
    expect((await events()).slice(3)).toEqual(['stripe-key-used payouts', 'stripe-key-used balance']);
    // It is no key of ours that Stripe refuses.
    expect(app.printed()).not.toContain('STRIPE_SECRET_KEY');
  });
});

describe('is refused, and not stored:', () => {
  /** Stripe is asked where nothing else is wrong. */
  let recorded: readonly string[];
  beforeEach(() => {
    recorded = [];
  });
  afterEach(async () => {
    expect((await read()).status).toBe(404);
    expect(await events()).toEqual(recorded);
  });

  it.each(['sk_test_12345678', 'rk_test_', 'rk_test_1234 5678', ''])(
    'what is no restricted key: %j',
    async (key) => {
      const answer = await put(key);
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/key' }] } });
      expect(JSON.stringify(answer.body)).not.toContain('12345678');
    },
  );

  it('a key of the live mode outside production', async () => {
    const answer = await put('rk_live_12345678');
    expect([answer.status, answer.body.reason]).toEqual([422, 'wrong-mode']);
  });

  it('a key that Stripe does not know, in the same words as one that may read neither', async () => {
    recorded = [...checked, ...checked];
    const unknown = await put('rk_test_12345678');
    const notPermitted = await put(await keyAtStripe());
    expect([unknown.status, unknown.body.reason]).toEqual([422, 'key-refused']);
    expect({ ...notPermitted.body, requestId: null }).toEqual({ ...unknown.body, requestId: null });
  });

  it('a good key while Stripe is unavailable', async () => {
    recorded = checked;
    const key = await keyAtStripe(...everything);
    await control('faults', { faults: [{ kind: 'away' }] });
    const answer = await put(key);
    expect([answer.status, answer.body.code]).toEqual([503, 'unavailable']);
    expect(answer.headers.get('retry-after')).toBe('5');
  });

  it.each([null, '2026-01-01T00:00:00.000Z'])('a good key after a proof of identity at %s', async (proof) => {
    const answer = await put(await keyAtStripe(...everything), { authenticatedAt: proof });
    expect([answer.status, answer.body.code]).toEqual([403, 'step-up-required']);
  });
});

describe('the checks of keys', () => {
  const refusals = (answers: readonly { readonly status: number }[], status: number) =>
    answers.filter((answer) => answer.status === status).length;
  it('are ten an hour for an organization, however many are sent at once', async () => {
    const guesses = Array.from({ length: 30 }, (_, nth) => `rk_test_stolen${nth}abcdefgh`);
    const answers = await Promise.all(guesses.map((key) => put(key)));
    expect([refusals(answers, 422), refusals(answers, 429)]).toEqual([10, 20]);
    const last = await put(await keyAtStripe(...everything));
    expect([last.status, last.body.code]).toEqual([429, 'too-many-requests']);
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(3500);
    // Of the others Stripe was asked nothing, so nothing is recorded.
    expect(await events()).toEqual(Array(10).fill(checked).flat());
    // Others have their own.
    organizationId = randomUUID();
    expect((await put(await keyAtStripe(...everything))).status).toBe(200);
  });

  it('count again after an hour', async () => {
    const guess = () =>
      put('rk_test_stolen_abcdefgh', {
        authenticatedAt: new Date(Date.now() + app.clock.ahead).toISOString(),
      });
    await Promise.all(Array.from({ length: 10 }, guess));
    expect((await guess()).status).toBe(429);
    app.clock.ahead = 3_601_000;
    try {
      expect((await guess()).status).toBe(422);
    } finally {
      app.clock.ahead = 0;
    }
  });
});

describe('no table and no log line', () => {
  it('has a key: neither one that is set, nor one that was refused', async () => {
    const [good, other, unknown] = [
      await keyAtStripe(...everything),
      await keyAtStripe(...everything),
      `rk_test_${randomUUID().replaceAll('-', '')}`,
    ];
    const header = { headers: { 'idempotency-key': randomUUID() } };
    await put(good, header);
    await put(unknown, header);
    await put('', { body: { key: good, surplus: unknown } });
    await put('', { text: `{"key":"${good}` });
    await atStripe('balance');
    await atStripe(`payouts?${unknown}=${good}`);
    await control('faults', { faults: [{ kind: 500 }] });
    await put(other);
    await atStripe('balance');
    expect(await placesOf(app, [good, other, unknown])).toEqual([]);
    // The one that is kept is there, sealed.
    const { rows } = await asAdmin(app, (admin) =>
      admin.query<{ last_four: string }>('select last_four from stripe_key where organization_id = $1', [
        organizationId,
      ]),
    );
    expect(rows).toEqual([{ last_four: good.slice(-4) }]);
  });

  it.each(['key', 'hex', 'base64'] as const)('hides one from the scan that looked: %s', async (form) => {
    const key = await keyAtStripe(...everything);
    const text = form === 'key' ? key : Buffer.from(key).toString(form);
    await asAdmin(app, (admin) => admin.query(`create table planted as select '${text}'::text as text`));
    const places = await placesOf(app, [key]);
    await asAdmin(app, (admin) => admin.query('drop table planted'));
    expect(places).toEqual(['public.planted']);
  });
});

describe('a deployment that has switched the feature off', () => {
  const off = { VOUCHSAFE_CUSTOMER_STRIPE_KEYS: 'off' };

  it('says so, whatever is asked, and stores nothing (P22)', async () => {
    const without = await billingApp({ ...environment(), ...off });
    try {
      const key = await keyAtStripe(...everything);
      const ask = (method: string, path: string, more: AskOptions = {}) =>
        without.ask(method, `/v1/billing/${path}`, {
          permissions: [...backEnd, 'billing:read', 'billing:write'],
          ...more,
        });
      const answers = [
        await ask('PUT', 'stripe-key', { body: { key } }),
        await ask('PUT', 'stripe-key', { body: { key: 'sk_test_12345678' } }),
        await ask('GET', 'stripe-key'),
        await ask('DELETE', 'stripe-key'),
        await ask('GET', 'stripe/balance'),
        await ask('GET', 'stripe/payouts'),
      ];
      for (const { status, body } of answers) expect([status, body.reason]).toEqual([422, 'switched-off']);
      expect(await placesOf(without, [key])).toEqual([]);
      const stored = await asAdmin(without, (admin) =>
        admin.query(
          `select organization_id from stripe_key union all select organization_id from event where type like 'stripe-key-%'`,
        ),
      );
      expect(stored.rowCount).toBe(0);
    } finally {
      await without.stop();
    }
  }, 60_000);

  it('removes at its start what was stored while it was on', async () => {
    const key = await keyAtStripe(...everything);
    await put(key);
    await app.another(off);
    expect((await read()).status).toBe(404);
    expect(await events()).toEqual([...checked, `stripe-key-set ${key.slice(-4)}`, 'stripe-key-removed']);
  }, 60_000);

  it('removes at its start a row of which no event says that it is there (P22)', async () => {
    await asAdmin(app, (admin) =>
      admin.query(
        `insert into stripe_key (organization_id, key_sealed, last_four, set_by, set_at)
         values ($1, 'put back', '1234', $2, now())`,
        [organizationId, ada],
      ),
    );
    await app.another(off);
    const left = await asAdmin(app, (admin) => admin.query('select organization_id from stripe_key'));
    expect(left.rowCount).toBe(0);
  }, 60_000);
});
