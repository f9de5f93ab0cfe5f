import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Database } from '@vouchsafe/database';
import { withSharedMigrations } from '@vouchsafe/service-host';
import { testPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import { forSeconds, type Row } from '../harness.ts';
import { DURABLE, literal, pgbench, psql } from '../postgres.ts';
import { requestOf } from './access-log.ts';
import { auditPackage } from './audit-package.ts';
import { organizationId } from './event-store.ts';

const ENTRIES = 2_000_000;
/** Recorded by the service's own code; the others are copies of these, further on in time. */
const RECORDED = 2000;
const PAGE = 50;
const LANES = 1;

/** A filtered page of the audit log as the service asks for it, beside pgbench of the same statements; and a late page beside the first. */
export const row: Row = {
  run: async ({ compete, afterwards, seconds, size }) => {
    const entries = size(ENTRIES);
    const { postgres, database, vault, close } = await openAudit();
    afterwards(close);
    await grow(postgres.adminUrl, database, vault, entries);
    const { searchEntries, pageStatement } = await auditPackage.search();
    const { searchKeys } = await auditPackage.searchKeys();
    const conditions = {
      concurrency: 'one connection',
      payload: `${PAGE} of ${entries} entries a page`,
      durability: `reads; ${DURABLE}`,
    };
    const keys = await database.forOrganization(organizationId, (sql) =>
      searchKeys(vault, sql, organizationId),
    );
    const search: Omit<Parameters<typeof searchEntries>[1], 'after'> = {
      organizationId,
      keys,
      order: 'newest',
      // One more than is shown: whether there is a next page.
      limit: PAGE + 1,
      filter: { operation: 'member.read', entityType: 'member', outcome: 'success' },
    };
    const pageAfter = (after: { recordedAt: number; index: number } | null) =>
      forSeconds(seconds, LANES, async () => {
        const rows = await database.forOrganization(organizationId, (sql) =>
          searchEntries(sql, { ...search, after }),
        );
        if (rows.length <= PAGE) throw new Error(`A page of ${rows.length}`);
      });
    await compete({
      variant: 'filtered by operation, entity type and outcome',
      conditions,
      ours: () => pageAfter(null),
      peers: [
        {
          name: 'pgbench of the same SQL, prepared',
          atLeast: 1 / 1.5,
          needs: ['pgbench'],
          run: () =>
            pgbench(
              postgres.url('audit', 'request'),
              transactionOf(pageStatement({ ...search, after: null }, null, null)),
              {
                clients: LANES,
                seconds,
              },
            ),
        },
      ],
    });
    const late = Math.min(999, Math.floor(entries / 8 / PAGE));
    const [before] = await database.forOrganization(organizationId, (sql) =>
      sql.query<{ recorded_at: number; index: string }>(
        `select extract(epoch from recorded_at)::float8 * 1000 as recorded_at, index from entry
         where organization_id = $1 and operation = 'member.read' and entity_type = 'member' and outcome = 'success'
         order by recorded_at desc, index desc offset $2 limit 1`,
        [organizationId, late * PAGE - 1],
      ),
    );
    if (!before) throw new Error('There are too few entries for a late page');
    const after = { recordedAt: before.recorded_at, index: Number(before.index) };
    await compete({
      variant: `page ${late + 1}`,
      conditions,
      ours: () => pageAfter(after),
      peers: [{ name: 'page 1', atLeast: 1 / 1.2, run: () => pageAfter(null) }],
    });
  },
};

/** What goes over the wire for a page: a transaction, the organization's view, the page. */
function transactionOf({ text, values }: { text: string; values: readonly unknown[] }): string {
  const page = text.replace(/\$(\d+)/g, (_, number: string) => literal(values[Number(number) - 1]));
  const view = `select set_config('vouchsafe.organization_id', '${organizationId}', true);`;
  return `begin;\n${view}\n${page.replace(/\s+/g, ' ')};\ncommit;\n`;
}

async function openAudit() {
  const postgres = await testPostgres({ durable: true });
  const { auditMigrations } = await auditPackage.migrations();
  const database = await postgres.database('audit', withSharedMigrations(auditMigrations));
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-kek-'));
  const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  return {
    postgres,
    database,
    vault: new Vault({ provider, environment: 'benchmark', now: () => new Date() }),
    close: async () => {
      await postgres.stop();
      await rm(folder, { recursive: true });
    },
  };
}

const began = new Date('2026-07-01T00:00:00.000Z');
const STEP_SECONDS = 5;

/** Fills the log: some entries through the one path in, then copies, five seconds apart, over months. */
async function grow(adminUrl: string, database: Database, vault: Vault, entries: number): Promise<void> {
  const { Recorder } = await auditPackage.record();
  const { entryOfRequest } = await auditPackage.accessLog();
  const users = Array.from({ length: 500 }, () => randomUUID());
  const recorder = new Recorder(
    vault,
    { now: () => began },
    { VOUCHSAFE_LOG_NAME: 'audit.example.org', VOUCHSAFE_PUBLIC_URL: 'http://localhost' },
  );
  await database.asWorker((transaction) =>
    recorder.record(
      transaction,
      Array.from({ length: RECORDED }, (_, i) =>
        entryOfRequest(requestOf(organizationId, users[i % users.length] ?? '', i, began)),
      ),
    ),
  );
  const url = Object.assign(new URL(adminUrl), { pathname: '/audit' }).href;
  const at = (index: string) =>
    `timestamptz '${began.toISOString()}' + (${index}) * interval '${STEP_SECONDS} s'`;
  const index = `index + ${RECORDED}::bigint * n`;
  const moved: Readonly<Record<string, string>> = {
    ...{ index, recorded_at: at(index), occurred_at: at(index), request_key: 'gen_random_uuid()' },
  };
  const columns = (
    await psql(url, `select attname from pg_attribute where attrelid = 'entry'::regclass and attnum > 0`)
  )
    .trim()
    .split('\n');
  await psql(
    url,
    `select ensure_entry_month(${at(`${entries / 8} * n`)}) from generate_series(0, 8) n;
     -- Indexes are made after the rows, all at once: ten times as fast.
     create temporary table indexes as select indexname as name, indexdef as definition from pg_indexes
       where schemaname = 'public' and tablename = 'entry' and indexname <> 'entry_pkey';
     select format('drop index %I', name) from indexes \\gexec
     insert into entry (${columns.join(', ')}) select ${columns.map((column) => moved[column] ?? column).join(', ')}
     from entry cross join generate_series(1, ${Math.ceil(entries / RECORDED) - 1}) n;
     select replace(definition, ' ON ONLY ', ' ON ') from indexes \\gexec
     vacuum analyze entry;`,
  );
}
