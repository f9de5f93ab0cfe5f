import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { defineEntity, LockMode, p, raw } from '@mikro-orm/core';
import { createPostgreSqlTypeParsers, type SqlEntityManager } from '@mikro-orm/postgresql';
import { startFromSource, testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { entityManagers } from './entity-manager.js';
import {
  Database,
  type DatabaseOptions,
  type EntityManager,
  postgresFault,
  retryingDeadlocks,
  type SqlMigration,
} from './index.js';
import { TIME_ARRAYS, TIMES } from './pool.js';
import { type Wire, wireTo } from './wire.fixture.js';

const things: SqlMigration = {
  name: 'thing-001',
  sql: ({ request, worker }) => `
    create table thing (
      organization_id uuid not null,
      thing_id uuid primary key,
      name text not null unique,
      tags text[] not null,
      data jsonb,
      digest bytea,
      amount int not null,
      total bigint,
      made_at timestamptz not null,
      ended_at timestamptz
    );
    alter table thing enable row level security;
    alter table thing force row level security;
    create policy own on thing to ${request}
      using (organization_id = nullif(current_setting('vouchsafe.organization_id', true), '')::uuid);
    create policy every on thing to ${worker} using (true);
    create table ticket (ticket_id uuid primary key, title text not null, revision int not null default 1);
    grant select, insert, update, delete on thing, ticket to ${request}, ${worker};`,
};
const time = () => p.string().columnType('timestamptz');
const Thing = defineEntity({
  name: 'Thing',
  tableName: 'thing',
  properties: {
    organizationId: p.uuid(),
    thingId: p.uuid().primary(),
    name: p.text(),
    tags: p.array(),
    data: p.json<{ readonly note: string; readonly n: number }>().nullable(),
    digest: p.blob().nullable(),
    amount: p.integer(),
    total: p.bigint('string').nullable(),
    madeAt: time(),
    endedAt: time().nullable(),
  },
});
/** A register without a stream, whose version guards it. */
const Ticket = defineEntity({
  name: 'Ticket',
  tableName: 'ticket',
  properties: { ticketId: p.uuid().primary(), title: p.text(), revision: p.integer().version() },
});
const [ours, theirs] = [
  '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01',
  '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c02',
] as const;
/** Microseconds, which a `Date` does not have. */
const MADE_AT = '2026-11-22 19:44:14.168806+00';

let postgres: TestPostgres;
let wire: Wire;
let database: Database;
let options: () => DatabaseOptions;
beforeAll(async () => {
  postgres = await testPostgres();
  await postgres.database('things', [things]);
  const { port, password } = new URL(postgres.url('things', 'worker'));
  wire = await wireTo(Number(port));
  options = () => ({
    service: 'things',
    url: `postgres://127.0.0.1:${wire.port}/things`,
    password: () => password,
    entities: [Thing, Ticket],
  });
  database = new Database({ ...options(), poolSize: 1 });
});
afterEach(async () => {
  await database.asWorker((sql) => sql.query('delete from thing'));
  wire.clear();
});
afterAll(async () => {
  await database.close();
  wire.close();
  await postgres.stop();
});

let ids = 0;
const thing = (more: object = {}) => {
  ids += 1;
  return {
    organizationId: ours,
    thingId: `5b0c7cbd-6b3c-4f0a-9a0e-${String(ids).padStart(12, '0')}`,
    name: `thing ${ids}`,
    tags: ['a'],
    data: null,
    digest: null,
    amount: 1,
    total: null,
    madeAt: MADE_AT,
    endedAt: null,
    ...more,
  };
};
const stored = () => database.asWorker((sql) => sql.query('select * from thing order by thing_id'));
const inWorker = <T>(work: (entityManager: EntityManager) => Promise<T> | T) =>
  database.asWorker(async (transaction) => work(await transaction.entityManager()));
const create = (...made: ReturnType<typeof thing>[]) =>
  inWorker((entityManager) => made.forEach((one) => entityManager.create(Thing, one)));
const written = () => wire.statements.filter((text) => /^(insert|update|delete)/.test(text));

describe('an entity manager on a transaction', () => {
  it('reads and writes under the organization of the transaction alone (P19)', async () => {
    for (const organizationId of [ours, theirs])
      await database.forOrganization(organizationId, async (transaction) => {
        (await transaction.entityManager()).create(Thing, thing({ organizationId }));
      });
    const seen = await database.forOrganization(ours, async (transaction) =>
      (await transaction.entityManager()).find(Thing, {}),
    );
    expect(seen.map(({ organizationId }) => organizationId)).toEqual([ours]);
    const foreign = database.forOrganization(ours, async (transaction) => {
      (await transaction.entityManager()).create(Thing, thing({ organizationId: theirs }));
    });
    expect(postgresFault(await foreign.catch((error: unknown) => error))?.fault).toBe(
      'insufficient_privilege',
    );
    expect(await stored()).toHaveLength(2);
  });

  it('keeps the organization of a transaction that is opened while another one is', async () => {
    await create(thing(), thing({ organizationId: theirs }));
    const two = new Database({ ...options(), poolSize: 2 });
    const seen = await two.forOrganization(ours, async (outer) => {
      const mine = await outer.entityManager();
      const inner = await two.forOrganization(theirs, async (transaction) =>
        (await transaction.entityManager()).find(Thing, {}),
      );
      return [...(await mine.find(Thing, {})), ...inner].map(({ organizationId }) => organizationId);
    });
    await two.close();
    expect(seen).toEqual([ours, theirs]);
  });

  it('is one for a transaction, with an identity map of its own', async () => {
    const { thingId, ...rest } = thing();
    await create({ thingId, ...rest });
    const found = () =>
      database.asWorker(async (transaction) => {
        const first = await (await transaction.entityManager()).findOneOrFail(Thing, thingId);
        expect(await (await transaction.entityManager()).findOneOrFail(Thing, thingId)).toBe(first);
        return first;
      });
    expect(await found()).not.toBe(await found());
  });

  it('sends what is asked, and nothing besides', async () => {
    await database.forOrganization(ours, async (transaction) => {
      await (await transaction.entityManager()).count(Thing);
    });
    // The organization's view is prepared: the connection has parsed it before.
    const asked = wire.statements.filter((text) => !text.includes('set_config'));
    expect(asked).toEqual(['begin read write', 'select count(*) as "count" from "thing" as "t0"', 'commit']);
  });

  it('gives every value back as it was, and writes none that was not changed', async () => {
    const given = thing({
      tags: [' a', 'NULL', '', 'b"\\,{}'],
      data: { note: "it's ? $1 \\?", n: 1.5 },
      digest: Buffer.from([0, 255, 39, 92]),
      total: '9007199254740993',
    });
    await create(given);
    wire.clear();
    await inWorker(async (entityManager) => {
      const found = await entityManager.findOneOrFail(Thing, given.thingId);
      expect({ ...found }).toEqual(given);
      await entityManager.flush();
    });
    expect(written()).toEqual([]);
    await inWorker(async (entityManager) => {
      (await entityManager.findOneOrFail(Thing, given.thingId)).amount = 2;
    });
    expect(written()).toEqual(['update "thing" set "amount" = $1 where "thing_id" = $2']);
    expect(await stored()).toEqual([expect.objectContaining({ amount: 2, made_at: MADE_AT })]);
  });

  it('reads page after page by the microsecond', async () => {
    const times = ['14.168806', '14.168807', '14.168808'].map((second) => `2026-11-22 19:44:${second}+00`);
    await create(...times.map((madeAt) => thing({ madeAt })));
    const seen: string[] = [];
    await inWorker(async (entityManager) => {
      for (let after = {}; ;) {
        const page = await entityManager.findByCursor(Thing, {
          ...{ first: 1, includeCount: false, orderBy: { madeAt: 'asc', thingId: 'asc' }, ...after },
        });
        seen.push(...page.items.map(({ madeAt }) => madeAt));
        const last = page.items.at(-1);
        if (!page.hasNextPage || !last) return;
        after = { after: { madeAt: last.madeAt, thingId: last.thingId } };
      }
    });
    expect(seen).toEqual(times);
  });
});

describe('a process that asks for no entity', () => {
  it('does not load MikroORM', async () => {
    const url = new URL(postgres.url('things', 'worker'));
    const { password } = url;
    [url.username, url.password] = ['', ''];
    const file = fileURLToPath(import.meta.resolve('./loading.fixture.ts'));
    const started = startFromSource(file, { DATABASE_URL: url.href, PASSWORD: password });
    expect(await started.line(/^with SQL/)).toBe('with SQL: .');
    // The fixture does see it where it is loaded.
    expect(await started.line(/^with a migration/)).toContain('@mikro-orm/core');
    expect(await started.exited).toBe(0);
  });
});

describe('what an entity manager writes', () => {
  it('is written by a flush or before the commit, by nothing else, and once', async () => {
    const flushed = thing();
    await inWorker(async (entityManager) => {
      entityManager.create(Thing, flushed);
      expect(await entityManager.find(Thing, { name: 'another' })).toEqual([]);
      expect(written()).toEqual([]);
      await entityManager.flush();
      expect(written()).toHaveLength(1);
    });
    expect(written()).toHaveLength(1);
    await create(thing());
    expect(written()).toHaveLength(2);
    expect(await stored()).toHaveLength(2);
  });

  it('is seen by SQL of the same transaction once it is flushed', async () => {
    await database.asWorker(async (transaction) => {
      const entityManager = await transaction.entityManager();
      entityManager.create(Thing, thing());
      await entityManager.flush();
      expect(await transaction.query('select 1 from thing')).toHaveLength(1);
    });
  });

  it('is rolled back with the transaction, flushed or not', async () => {
    for (const isFlushed of [true, false]) {
      const attempt = inWorker(async (entityManager) => {
        entityManager.create(Thing, thing());
        if (isFlushed) await entityManager.flush();
        throw new Error('no');
      });
      await expect(attempt).rejects.toThrow('no');
    }
    expect(written()).toHaveLength(1);
    expect(await stored()).toEqual([]);
  });

  it('is written once by the attempt that commits, where a unit of work is tried again', async () => {
    let attempts = 0;
    await retryingDeadlocks(() =>
      database.asWorker(async (transaction) => {
        attempts += 1;
        const entityManager = await transaction.entityManager();
        entityManager.create(Thing, thing());
        await entityManager.flush();
        if (attempts === 1)
          await transaction.query(
            `do $$ begin raise exception using errcode = 'serialization_failure'; end $$`,
          );
      }),
    );
    expect(attempts).toBe(2);
    expect(written()).toHaveLength(2);
    expect(await stored()).toHaveLength(1);
  });

  it('is refused where a row has another version than was read', async () => {
    const ticketId = '5b0c7cbd-6b3c-4f0a-9a0e-000000000777';
    await inWorker((entityManager) => {
      entityManager.create(Ticket, { ticketId, title: 'first' });
    });
    const two = new Database({ ...options(), poolSize: 2 });
    const slower = two.asWorker(async (transaction) => {
      const read = await (await transaction.entityManager()).findOneOrFail(Ticket, ticketId);
      await inWorker(async (entityManager) => {
        (await entityManager.findOneOrFail(Ticket, ticketId)).title = 'second';
      });
      read.title = 'third';
    });
    await expect(slower).rejects.toThrow(/optimistic lock/);
    await two.close();
    expect(await database.asWorker((sql) => sql.query('select title, revision from ticket'))).toEqual([
      { title: 'second', revision: 2 },
    ]);
  });

  it('fails as the database says, without the values of the row', async () => {
    const ticket = { ticketId: '5b0c7cbd-6b3c-4f0a-9a0e-000000000778', title: 'taken' };
    const take = () => inWorker((entityManager) => void entityManager.create(Ticket, ticket));
    await take();
    const error: unknown = await take().catch((reason: unknown) => reason);
    expect(postgresFault(error)).toEqual({ fault: 'unique_violation', constraint: 'ticket_pkey' });
    expect((error as Error).message).toBe('duplicate key value violates unique constraint "ticket_pkey"');
  });

  it('is not committed where its failure was swallowed', async () => {
    await create(thing({ name: 'taken' }));
    const attempt = inWorker(async (entityManager) => {
      entityManager.create(Thing, thing({ name: 'taken' }));
      await entityManager.flush().catch(() => undefined);
      entityManager.clear();
    });
    await expect(attempt).rejects.toThrow('the transaction was rolled back');
    expect(await stored()).toHaveLength(1);
  });

  it('is gone with a connection that is lost before the commit, and the pool serves again', async () => {
    const attempt = inWorker(async (entityManager) => {
      entityManager.create(Thing, thing());
      await entityManager.find(Thing, {});
      await postgres.restart();
    });
    await expect(attempt).rejects.toThrow();
    expect(await stored()).toEqual([]);
    await create(thing());
    expect(await stored()).toHaveLength(1);
  });
});

describe('a transaction that is over', () => {
  it('answers nothing any more, neither to SQL nor to entities, while its connection serves another organization (P19)', async () => {
    await create(thing({ organizationId: theirs }));
    const kept = await database.forOrganization(ours, async (transaction) => ({
      transaction,
      entityManager: await transaction.entityManager(),
    }));
    await database.forOrganization(theirs, async (transaction) => {
      // The pool has one connection: it is the one that `kept` had.
      expect(await transaction.query('select 1 from thing')).toHaveLength(1);
      await expect(kept.entityManager.find(Thing, {})).rejects.toThrow('The transaction is over');
      await expect(kept.transaction.query('select 1 from thing')).rejects.toThrow('The transaction is over');
      await expect(kept.entityManager.nativeDelete(Thing, {})).rejects.toThrow('The transaction is over');
    });
    expect(await stored()).toHaveLength(1);
  });
});

/** Stands in no statement: it is bound. */
const MARK = "o'marked";
const marked = { data: { note: MARK } };

describe('the values of a statement', () => {
  it.each<[string, (entityManager: EntityManager) => Promise<unknown>]>([
    ['of a row', (em) => em.insert(Thing, thing({ name: MARK, tags: [MARK], data: { note: MARK, n: 1 } }))],
    ['of many rows', (em) => em.insertMany(Thing, [thing({ name: MARK }), thing({ name: `${MARK}2` })])],
    [
      'of a row put in place',
      (em) => em.upsert(Thing, thing({ name: MARK }), { onConflictFields: ['name'] }),
    ],
    ['that are changed', (em) => em.nativeUpdate(Thing, { name: MARK }, { name: `${MARK}2` })],
    ['of many rows that are changed', changeTwo],
    ['to remove by', (em) => em.nativeDelete(Thing, { name: MARK })],
    ['to find by', (em) => em.find(Thing, { name: MARK }, { limit: 5, orderBy: { name: 'asc' } })],
    ['of a list', (em) => em.find(Thing, { name: { $in: [MARK, 'other'] } })],
    ['of a pattern', (em) => em.find(Thing, { name: { $like: `${MARK}%` } })],
    ['of an array', (em) => em.find(Thing, { tags: { $contains: [MARK] } })],
    ['inside of JSON', (em) => em.find(Thing, marked)],
    ['to count by', (em) => em.count(Thing, { name: MARK })],
    ['beside a fragment', (em) => em.find(Thing, { [raw('lower(name)')]: MARK })],
    ['inside of a fragment to compare', (em) => em.find(Thing, { [raw('name || ?', [MARK])]: 'x' })],
    ['inside of a fragment', (em) => em.nativeUpdate(Thing, {}, { name: raw<string>('lower(?)', [MARK]) })],
    ['of a query builder', (em) => em.createQueryBuilder(Thing).where({ name: MARK }).execute()],
    ['of SQL', (em) => em.execute('select 1 from thing where name = ? and data \\? ?', [MARK, 'note'])],
    ['of SQL, by name', (em) => em.execute('select 1 from thing where name = :name', { name: MARK })],
    ['of SQL, as JSON', (em) => em.execute('select ?::jsonb', [{ note: MARK }])],
    [
      'of SQL, as a list in JSON',
      (em) => em.execute('select ?::jsonb', [em.getPlatform().cloneEmbeddable([MARK])]),
    ],
    ['to lock by', (em) => em.find(Thing, { name: MARK }, { lockMode: LockMode.PESSIMISTIC_WRITE })],
  ])('%s are bound, and stand in no text (P28)', async (_, ask) => {
    await inWorker(ask);
    const sent = wire.statements.join('\n');
    expect(sent).toContain('$1');
    expect(sent).not.toMatch(/marked/);
    expect(wire.bound().includes('marked')).toBe(true);
  });

  it.each<[string, (entityManager: EntityManager) => Promise<unknown>]>([
    ['of an order', (em) => em.find(Thing, {}, { orderBy: { [raw('name = ?', [MARK])]: 'asc' } })],
    [
      'of what is selected',
      (em) =>
        em
          .createQueryBuilder(Thing)
          .select(raw('? as mark', [MARK]))
          .execute(),
    ],
    ['that are none', (em) => em.execute('select ?', [undefined])],
    ['that are missing', (em) => em.execute('select ?, ?', [MARK])],
    ['that are too many', (em) => em.execute('select ?', [MARK, MARK])],
  ])('%s are refused, where MikroORM would write them out', async (_, ask) => {
    const error: unknown = await inWorker(ask).catch((reason: unknown) => reason);
    expect((error as Error).message).toMatch(
      /^A value (would be quoted|of the statement is `undefined`)|^The statement has more/,
    );
    expect(wire.statements.join('\n')).not.toMatch(/marked/);
  });
});

async function changeTwo(entityManager: EntityManager): Promise<void> {
  const [first, second] = [thing(), thing()].map((one) => entityManager.create(Thing, one));
  await entityManager.flush();
  if (!first || !second) throw new Error('Two were made');
  for (const one of [first, second]) {
    Object.assign(one, {
      name: `${MARK}${one.thingId}`,
      tags: [MARK],
      data: { note: MARK, n: 2 },
      amount: 7,
    });
    Object.assign(one, { digest: Buffer.from(MARK), endedAt: MADE_AT, total: '1' });
  }
  await entityManager.flush();
  expect(wire.statements.filter((text) => text.startsWith('update'))).toHaveLength(1);
}

describe('the unit of work', () => {
  it.each<[string, (entityManager: SqlEntityManager) => unknown]>([
    ['begin', (em) => em.begin()],
    ['commit', (em) => em.commit()],
    ['rollback', (em) => em.rollback()],
    ['transactional', (em) => em.transactional(() => Promise.resolve())],
    ['stream', (em) => em.stream(Thing, {}).next()],
    ['another connection', (em) => em.fork().find(Thing, {})],
    ['another connection for Kysely', (em) => em.getConnection().getClient()],
  ])('has %s to itself', async (_, ask) => {
    const attempt = inWorker(async (entityManager) => {
      await ask(entityManager as unknown as SqlEntityManager);
    });
    await expect(attempt).rejects.toThrow(/unit of work|transaction|cursor/);
    expect(wire.statements).toEqual(['begin read write', 'rollback']);
  });
});

describe('times', () => {
  it('come to entities as the pool reads them, and MikroORM means the same types', () => {
    const expected = Object.keys(createPostgreSqlTypeParsers((text) => [text])).map(Number);
    expect([...TIMES, ...TIME_ARRAYS].sort()).toEqual(expected);
  });

  it('are no Date in an entity, which would lose microseconds', () => {
    const Dated = defineEntity({
      name: 'Dated',
      properties: { datedId: p.uuid().primary(), at: p.datetime() },
    });
    expect(() => entityManagers('things', [Dated])).toThrow('Dated.at would be a Date');
  });
});
