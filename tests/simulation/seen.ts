import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type ServiceName, serviceNames } from '@vouchsafe/contracts';
import pg from 'pg';
import type { SystemUnderTest } from '../system/running-system.ts';

/** What the stores hold at a time, as their owners' superuser reads them. */
export interface Seen {
  readonly at: Date;
  /** Rows by organization and table (`identity.account`), and files (`files.attachments`). */
  readonly rows: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Entries by organization, and by log and index. */
  readonly entries: ReadonlyMap<string, ReadonlyMap<string, Entry>>;
  /** When an organization's erasure was asked for, as the services' files outside of the databases say. */
  readonly tombstones: ReadonlyMap<string, readonly { readonly service: ServiceName; readonly at: Date }[]>;
  /** `<service> <organization> <person>` for every key of a person. */
  readonly personKeys: ReadonlySet<string>;
  /** `<service> <person>` for every receipt of the erasure of a person. */
  readonly personReceipts: ReadonlySet<string>;
  /** When the owners were told of the end, in the order of the ends. */
  readonly notices: ReadonlyMap<string, readonly Date[]>;
  /** What lifecycle says of a deletion. */
  readonly milestones: ReadonlyMap<string, ReadonlyMap<string, Date>>;
  /** The organizations whose certificate was issued, and what it says. */
  readonly certificates: ReadonlyMap<string, string>;
  /** Ids of parts of archives that have a row or a file; other files have ids, too. */
  readonly parts: ReadonlySet<string>;
  /** Requests of data subjects, by their ids. */
  readonly requests: ReadonlyMap<string, { readonly status: string; readonly dueAt: Date | null }>;
  /** The backups that there are: which organizations each holds data of. */
  readonly backups: readonly { readonly place: string; readonly organizations: ReadonlySet<string> }[];
}

export interface Entry {
  readonly recordedAt: Date;
  readonly operation: string;
}

export interface Stores {
  readonly look: (at: Date) => Promise<Seen>;
  readonly query: <Row extends pg.QueryResultRow>(
    database: ServiceName,
    text: string,
    values?: readonly unknown[],
  ) => Promise<Row[]>;
  readonly close: () => Promise<void>;
}

/** Milestones by the events that lifecycle keeps of them. */
const milestoneEvents = ['purge-begun', 'production-erased', 'backups-expired', 'deletion-certified'];

/** @param backups the folder in which each backup is a folder with a list of the organizations whose data it holds */
export async function openStores(system: SystemUnderTest, backups: string): Promise<Stores> {
  const clients = new Map<ServiceName, pg.Client>();
  for (const name of serviceNames) {
    const url = new URL(system.adminUrl);
    url.pathname = `/${name}`;
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    clients.set(name, client);
  }
  const query: Stores['query'] = async (database, text, values = []) => {
    const client = clients.get(database);
    if (!client) throw new Error(`${database} has no database`);
    return (await client.query(text, [...values])).rows as never[];
  };
  const counts = new Map<ServiceName, string>();
  for (const name of serviceNames) counts.set(name, await countingIn(query, name));
  return {
    query,
    close: async () => {
      for (const client of clients.values()) await client.end();
    },
    look: async (at) => ({
      at,
      rows: await rowsIn(query, counts, system.folder),
      entries: await entriesIn(query),
      tombstones: await tombstonesIn(system.folder),
      ...(await peopleIn(query)),
      ...(await saidByLifecycle(query)),
      parts: await partsIn(query, system.folder),
      requests: await requestsIn(query),
      backups: await backupsIn(backups),
    }),
  };
}

type Query = Stores['query'];

/** One statement that counts, by organization, the rows of every table that has an organization. */
async function countingIn(query: Query, database: ServiceName): Promise<string> {
  const tables = await query<{ name: string }>(
    database,
    `select relname as name from pg_class join pg_attribute on attrelid = pg_class.oid
     where attname = 'organization_id' and relkind in ('r', 'p') and not relispartition
       and relnamespace = 'public'::regnamespace order by 1`,
  );
  return tables
    .map(
      ({ name }) =>
        `select organization_id::text as id, '${database}.${name}' as place, count(*)::int as rows from "${name}" group by 1`,
    )
    .join(' union all ');
}

async function rowsIn(
  query: Query,
  counts: ReadonlyMap<ServiceName, string>,
  folder: string,
): Promise<Seen['rows']> {
  const rows = new Map<string, Map<string, number>>();
  const note = (id: string, place: string, count: number): void => {
    const of = rows.get(id) ?? new Map<string, number>();
    rows.set(id, of.set(place, count));
  };
  await Promise.all(
    [...counts].map(async ([name, text]) => {
      const found = await query<{ id: string; place: string; rows: number }>(name, text);
      for (const { id, place, rows: count } of found) note(id, place, count);
    }),
  );
  const attachments = attachmentsIn(folder);
  for (const id of await namesIn(attachments)) {
    const files = await namesIn(path.join(attachments, id));
    if (files.length > 0) note(id, 'files.attachments', files.length);
  }
  return rows;
}

async function entriesIn(query: Query): Promise<Seen['entries']> {
  const entries = new Map<string, Map<string, Entry>>();
  const rows = await query<{ id: string; key: string; recorded: number; operation: string }>(
    'audit',
    `select organization_id::text as id, log_id || '/' || index as key, operation,
       (extract(epoch from recorded_at) * 1000)::float8 as recorded from entry`,
  );
  for (const { id, key, recorded, operation } of rows) {
    const of = entries.get(id) ?? new Map<string, Entry>();
    entries.set(id, of.set(key, { recordedAt: new Date(recorded), operation }));
  }
  return entries;
}

async function tombstonesIn(folder: string): Promise<Seen['tombstones']> {
  const found = new Map<string, { service: ServiceName; at: Date }[]>();
  for (const service of serviceNames) {
    const file = path.join(folder, 'tombstones', `${service}.jsonl.ledger`);
    const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
    for (const line of lines) {
      const parts = /"erasedOrganizationId":"([^"]+)"/.exec(line);
      const at = /"requestedAt":"([^"]+)"/.exec(line);
      if (!parts?.[1] || !at?.[1]) continue;
      const of = found.get(parts[1]) ?? [];
      found.set(parts[1], [...of, { service, at: new Date(at[1]) }]);
    }
  }
  return found;
}

async function peopleIn(query: Query): Promise<Pick<Seen, 'personKeys' | 'personReceipts'>> {
  const [personKeys, personReceipts] = [new Set<string>(), new Set<string>()];
  for (const service of serviceNames) {
    const keys = await query<{ id: string; person: string }>(
      service,
      `select organization_id::text as id, substr(holder, 9) as person from vault_data_key where holder like 'subject:%'`,
    );
    for (const { id, person } of keys) personKeys.add(`${service} ${id} ${person}`);
    const receipts = await query<{ person: string }>(
      service,
      'select user_id::text as person from erasure where user_id is not null and receipt_at is not null',
    );
    for (const { person } of receipts) personReceipts.add(`${service} ${person}`);
  }
  return { personKeys, personReceipts };
}

async function saidByLifecycle(query: Query): Promise<Pick<Seen, 'notices' | 'milestones' | 'certificates'>> {
  const notices = new Map<string, Date[]>();
  const sent = await query<{ id: string; at: string }>(
    'lifecycle',
    `select organization_id::text as id, payload ->> 'sentAt' as at from event where type = 'termination-notice-sent' order by position`,
  );
  for (const { id, at } of sent) notices.set(id, [...(notices.get(id) ?? []), new Date(at)]);
  const milestones = new Map<string, Map<string, Date>>();
  const reached = await query<{ id: string; type: string; at: string }>(
    'lifecycle',
    `select payload ->> 'erasedOrganizationId' as id, type, metadata ->> 'occurredAt' as at from event where type = any ($1)`,
    [milestoneEvents],
  );
  for (const { id, type, at } of reached)
    milestones.set(id, (milestones.get(id) ?? new Map<string, Date>()).set(type, new Date(at)));
  const issued = await query<{ id: string; note: string }>(
    'lifecycle',
    `select payload ->> 'erasedOrganizationId' as id, note from certificate
     join event on stream = 'purge-' || erasure_id and type = 'purge-begun' where note is not null`,
  );
  return { notices, milestones, certificates: new Map(issued.map(({ id, note }) => [id, note])) };
}

/** Files of parts are among the attachments, under the part's id. */
async function partsIn(query: Query, folder: string): Promise<Seen['parts']> {
  const rows = await query<{ id: string }>('lifecycle', 'select part_id::text as id from return_part');
  const parts = new Set(rows.map(({ id }) => id));
  const attachments = attachmentsIn(folder);
  for (const organization of await namesIn(attachments))
    for (const name of await namesIn(path.join(attachments, organization)))
      parts.add(name.split('.', 1)[0] ?? name);
  return parts;
}

function attachmentsIn(folder: string): string {
  return path.join(folder, 'files', 'attachments');
}

async function requestsIn(query: Query): Promise<Seen['requests']> {
  const rows = await query<{ id: string; status: string; due: number | null }>(
    'lifecycle',
    `select data_request_id::text as id, status, (extract(epoch from due_at) * 1000)::float8 as due from data_request`,
  );
  return new Map(
    rows.map(({ id, status, due }) => [id, { status, dueAt: due === null ? null : new Date(due) }]),
  );
}

async function backupsIn(folder: string): Promise<Seen['backups']> {
  const backups = [];
  for (const name of await namesIn(folder)) {
    const place = path.join(folder, name);
    const text = await readFile(path.join(place, 'organizations'), 'utf8');
    backups.push({ place, organizations: new Set(text.split('\n')) });
  }
  return backups;
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
}
