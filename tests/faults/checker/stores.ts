import type pg from 'pg';
import { leafHash } from './merkle.ts';
import type { StripeObjects } from './stripe-objects.ts';

/** Asks one database, as superuser: no code of a service stands between the rows and the checker. */
export type Query = (text: string) => Promise<readonly pg.QueryResultRow[]>;
/** Of each service, by its name. */
export type Databases = Readonly<Record<string, Query>>;

/** An event of a service, by what the checker needs of it. */
export interface StoredEvent {
  readonly position: string;
  readonly organizationId: string;
  readonly stream: string;
  readonly version: number;
  readonly type: string;
  readonly requestId: string | null;
  readonly occurredAt: string;
  readonly byService: boolean;
  /** Of what the payload holds in clear. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** A fact with its lane and number. */
export interface StoredFact {
  readonly lane: number;
  readonly number: number;
  readonly position: string;
}

export interface StoredLeaf {
  readonly index: number;
  readonly organizationId: string;
  readonly hash: Buffer;
  /** What stands in the leaf in clear. */
  readonly entry: {
    readonly provenance: 'observed' | 'asserted';
    readonly source: string;
    readonly operation: string;
    readonly occurredAt: string;
    readonly requestId?: string;
    readonly details?: Readonly<Record<string, unknown>>;
  };
}

export interface StoredLog {
  readonly logId: string;
  readonly organizationId: string;
  readonly size: number;
  readonly vkeys: readonly string[];
  readonly leaves: readonly StoredLeaf[];
  readonly checkpoints: readonly { readonly size: number; readonly note: string }[];
  /** Level 0, one after another: what a reader of the tiles would see. */
  readonly tileHashes: string;
}

interface StoredService {
  readonly events: readonly StoredEvent[];
  readonly facts: readonly StoredFact[];
}

/** A row of a register of billing. */
export interface Registered {
  readonly id: string;
  readonly status: string;
}

export interface Stores {
  readonly gateway: StoredService & { readonly open: number };
  readonly identity: StoredService;
  readonly billing: StoredService & {
    readonly subscriptions: readonly Registered[];
    readonly invoices: readonly Registered[];
  };
  /** What Stripe has. */
  readonly stripe: StripeObjects;
  /** Of every service whose facts belong into the logs: all but audit. */
  readonly services: Readonly<Record<string, StoredService>>;
  readonly audit: {
    readonly logs: readonly StoredLog[];
    /** `<source>/<lane>` -> the last number that had its effect. */
    readonly reached: ReadonlyMap<string, number>;
    readonly exports: readonly string[];
    readonly deadLetters: number;
  };
}

export async function readStores(databases: Databases, stripe: StripeObjects): Promise<Stores> {
  const { audit: log, ...others } = databases;
  const read = Object.entries(others).map(async ([name, query]) => [name, await readService(query)] as const);
  const services = Object.fromEntries(await Promise.all(read));
  const { gateway, identity, billing } = services;
  const [open] = (await databases.gateway?.('select count(*)::int as open from open_entry')) ?? [];
  if (!gateway || !identity || !billing || !databases.billing || !log)
    throw new Error('A database was not opened');
  return {
    gateway: { ...gateway, open: Number(open?.open) },
    identity,
    billing: {
      ...billing,
      subscriptions: await register(databases.billing, 'subscription'),
      invoices: await register(databases.billing, 'invoice'),
    },
    stripe,
    services,
    audit: await readAudit(log),
  };
}

async function readService(query: Query): Promise<StoredService> {
  const events = await query(
    `select position::text, organization_id as "organizationId", stream, version, type,
       coalesce(metadata ->> 'requestId', payload ->> 'requestId') as "requestId", metadata ->> 'occurredAt' as "occurredAt",
       coalesce(metadata -> 'actor' ->> 'type', '') = 'service' as "byService", payload as data
     -- By the number, not by the text that is selected under its name.
     from event order by event.position`,
  );
  const facts = await query(
    `select lane, number::int, event_position::text as position from outgoing order by lane, number`,
  );
  return { events: events as unknown as StoredEvent[], facts: facts as unknown as StoredFact[] };
}

async function register(query: Query, table: 'subscription' | 'invoice'): Promise<Registered[]> {
  return (await query(`select ${table}_id as id, status from ${table}`)) as unknown as Registered[];
}

async function readAudit(query: Query): Promise<Stores['audit']> {
  const logs = await query(
    'select log_id as "logId", organization_id as "organizationId", size::int from log order by log_id',
  );
  const leaves = groups(
    await query('select log_id, index::int, organization_id, leaf from entry order by log_id, index'),
  );
  const checkpoints = groups(
    await query(`select log_id, size::int, convert_from(note, 'UTF8') as note from checkpoint`),
  );
  const tiles = groups(await query('select log_id, hashes from tile where level = 0 order by log_id, index'));
  const keys = groups(await query('select log_id, vkey from signing_key where log_id is not null'));
  const lanes = await query('select source, lane, number::int from consumed_lane');
  const [waiting] = await query('select count(*)::int as count from dead_letter');
  return {
    logs: (logs as { logId: string; organizationId: string; size: number }[]).map((log) => ({
      ...log,
      vkeys: (keys.get(log.logId) ?? []).map(({ vkey }) => vkey as string),
      leaves: (leaves.get(log.logId) ?? []).map(leafOf),
      checkpoints: (checkpoints.get(log.logId) ?? []) as StoredLog['checkpoints'][number][],
      tileHashes: (tiles.get(log.logId) ?? [])
        .map(({ hashes }) => (hashes as Buffer).toString('hex'))
        .join(''),
    })),
    reached: new Map(lanes.map(({ source, lane, number }) => [`${source}/${lane}`, Number(number)])),
    exports: (await query('select export_id from export')).map((row) => row.export_id as string),
    deadLetters: Number(waiting?.count),
  };
}

function leafOf({ index, organization_id, leaf }: pg.QueryResultRow): StoredLeaf {
  return {
    index: Number(index),
    organizationId: organization_id as string,
    hash: leafHash(leaf as Buffer),
    entry: JSON.parse((leaf as Buffer).toString()) as StoredLeaf['entry'],
  };
}

function groups(rows: readonly pg.QueryResultRow[]): Map<string, pg.QueryResultRow[]> {
  return Map.groupBy(rows, ({ log_id }) => log_id as string);
}
