import { randomBytes, randomUUID } from 'node:crypto';
import { instant, type Sql, type Transaction } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import { append, leafHashes, type RightEdge, TILE_WIDTH, type TileGrowth } from '@vouchsafe/transparency-log';
import type { Vault } from '@vouchsafe/vault';
import type { NewEntry } from './entry.js';
import { type EntryLeaf, leafOf, type LeafRejection } from './leaf-of-entry.js';
import { createSigningKey } from './signing-key.js';
import { searchKeys, type SearchKeys, sourceIpKey } from './search-keys.js';

/** Where an entry stands: entries are addressed by log and index, for ever. */
export interface Place {
  readonly logId: string;
  readonly index: number;
}

export type RecordAnswer =
  | { readonly status: 'recorded'; readonly places: readonly Place[] }
  /** Nothing was recorded. `entry`: the index in what was given. */
  | { readonly status: 'rejected'; readonly entry: number; readonly because: LeafRejection | 'id-reused' };

export interface RecorderOptions {
  readonly vault: Vault;
  /** First part of every log's origin: a host name of the operator's. */
  readonly originName: string;
  readonly now: () => Date;
  /** Hears, after commit, that logs have grown; wakes the signer. */
  readonly onRecorded?: () => void;
}

/**
 * The one path into the logs. In the caller's transaction, so that consumer offsets or idempotency keys commit with it:
 * entries, leaves, right edge, tiles, keyed hashes, sealed disclosures. The head rows of the logs concerned are locked in
 * the order of their ids until commit: writers of one log wait for each other, and no two transactions can give out the
 * same index or two trees of one size.
 * A rejection leaves the transaction as it was but for the locks; the caller decides whether it goes on.
 */
export class Recorder {
  private readonly months = new Set<string>();

  constructor(private readonly options: RecorderOptions) {}

  async record(transaction: Transaction, entries: readonly NewEntry[]): Promise<RecordAnswer> {
    const heads = await this.lockHeads(transaction, [...new Set(entries.map((e) => e.organizationId))]);
    const keys = new Map<string, SearchKeys>();
    for (const organizationId of heads.keys()) {
      keys.set(organizationId, await searchKeys(this.options.vault, transaction, organizationId));
    }
    const known = await submissionsOf(transaction, entries, keys);
    const salts = freshSalts();
    const fresh: FreshEntry[] = [];
    const places: Place[] = [];
    for (const [given, entry] of entries.entries()) {
      const head = found(heads, entry.organizationId);
      const key = found(keys, entry.organizationId);
      const submission = submissionOf(entry, key);
      const before = submission && known.get(submissionKey(entry.organizationId, submission.idKey));
      if (before) {
        // Of an erased person nobody can say any more what was sent under the id; it is recorded once all the same.
        if (before.contentKey !== null && before.contentKey !== submission.contentKey)
          return { status: 'rejected', entry: given, because: 'id-reused' };
        places.push(before.place);
        continue;
      }
      const leaf = leafOf(entry, head.recordedAt, salts);
      if ('rejected' in leaf) return { status: 'rejected', entry: given, because: leaf.rejected };
      const place = { logId: head.logId, index: head.tree.size + head.leaves.length };
      head.leaves.push(leaf.bytes);
      places.push(place);
      fresh.push({ entry, leaf, place, recordedAt: head.recordedAt, keys: key, submission });
      if (submission) {
        known.set(submissionKey(entry.organizationId, submission.idKey), {
          contentKey: submission.contentKey,
          place,
        });
      }
    }
    if (fresh.length > 0) {
      await this.ensureMonths(transaction, fresh);
      const { disclosures, ofErased } = await sealDisclosures(transaction, this.options.vault, fresh);
      await insertEntries(transaction, fresh, ofErased);
      await insertDisclosures(transaction, disclosures);
      await insertSubmissions(transaction, fresh, ofErased);
      await growBundles(transaction, fresh);
      await growTrees(transaction, [...heads.values()]);
      transaction.afterCommit(() => this.options.onRecorded?.());
    }
    return { status: 'recorded', places };
  }

  /** Opens logs that are missing, locks the open ones, and gives each the time that its new entries are recorded at. */
  private async lockHeads(
    transaction: Transaction,
    organizationIds: readonly string[],
  ): Promise<Map<string, Head>> {
    let rows = await lockedHeads(transaction, organizationIds);
    const missing = organizationIds.filter((id) => !rows.some((row) => row.organization_id === id));
    if (missing.length > 0) {
      for (const organizationId of missing.toSorted()) await this.openLog(transaction, organizationId);
      rows = await lockedHeads(transaction, organizationIds);
    }
    // Asked behind the lock; and never before the log's last entry, whatever this machine's clock says.
    const now = this.options.now();
    return new Map(
      rows.map((row) => {
        const last = instant(row.recorded_at);
        return [
          row.organization_id,
          {
            organizationId: row.organization_id,
            logId: row.log_id,
            tree: { size: Number(row.size), edge: row.right_edge },
            recordedAt: last > now ? last : now,
            leaves: [],
          },
        ];
      }),
    );
  }

  private async openLog(transaction: Sql, organizationId: string): Promise<void> {
    const logId = randomUUID();
    const origin = `${this.options.originName}/${logId}`;
    const now = this.options.now().toISOString();
    const opened = await transaction.query(
      `insert into log (log_id, organization_id, origin, recorded_at, opened_at) values ($1, $2, $3, $4, $4)
       on conflict (organization_id) where closed_at is null do nothing returning 1 as opened`,
      [logId, organizationId, origin, now],
    );
    // Another writer opened it a moment ago: its log is the one.
    if (opened.length === 0) return;
    await createSigningKey(transaction, this.options.vault, { organizationId, logId, name: origin, now });
  }

  private async ensureMonths(transaction: Transaction, fresh: readonly FreshEntry[]): Promise<void> {
    for (const recordedAt of new Set(fresh.map((f) => f.recordedAt))) {
      const month = recordedAt.toISOString().slice(0, 7);
      if (this.months.has(month)) continue;
      await transaction.query('select ensure_entry_month($1)', [recordedAt.toISOString()]);
      transaction.afterCommit(() => this.months.add(month));
    }
  }
}

interface Head {
  readonly organizationId: string;
  readonly logId: string;
  readonly tree: RightEdge;
  readonly recordedAt: Date;
  readonly leaves: Uint8Array[];
}

interface FreshEntry {
  readonly entry: NewEntry;
  readonly leaf: EntryLeaf;
  readonly place: Place;
  readonly recordedAt: Date;
  readonly keys: SearchKeys;
  readonly submission: Submission | null;
}

interface Submission {
  readonly idKey: string;
  /** Of all that the client said: an id that comes again with something else is refused. */
  readonly contentKey: string;
}

type HeadRow = {
  organization_id: string;
  log_id: string;
  size: string;
  right_edge: Buffer;
  recorded_at: string;
};

function lockedHeads(sql: Sql, organizationIds: readonly string[]): Promise<HeadRow[]> {
  return sql.query<HeadRow>(
    `select organization_id, log_id, size, right_edge, recorded_at from log
     where organization_id = any ($1::uuid[]) and closed_at is null order by log_id for update`,
    [organizationIds],
  );
}

function submissionOf(entry: NewEntry, keys: SearchKeys): Submission | null {
  if (entry.id === null) return null;
  const {
    id,
    source,
    actor,
    operation,
    entity: on,
    outcome,
    sourceIp,
    url,
    userAgent,
    requestId,
    details,
  } = entry;
  const said = { id, source, actor, operation, on, outcome, sourceIp, url, userAgent, requestId, details };
  return {
    idKey: keys('id', entry.id),
    contentKey: keys('content', { ...said, occurredAt: entry.occurredAt.toISOString() }),
  };
}

/** What was recorded before under the ids given. Read behind the heads' locks, so nobody records them meanwhile. */
async function submissionsOf(sql: Sql, entries: readonly NewEntry[], keys: ReadonlyMap<string, SearchKeys>) {
  const asked = entries.flatMap((entry) =>
    entry.id === null
      ? []
      : [[entry.organizationId, found(keys, entry.organizationId)('id', entry.id)] as const],
  );
  const known = new Map<string, { contentKey: string | null; place: Place }>();
  if (asked.length === 0) return known;
  const rows = await sql.query<{
    organization_id: string;
    id_key: string;
    content_key: string | null;
    log_id: string;
    index: string;
  }>(
    `select s.organization_id, s.id_key, s.content_key, s.log_id, s.index
     from unnest($1::uuid[], $2::uuid[]) as asked (organization_id, id_key)
     join submission s using (organization_id, id_key)`,
    columns(asked, 2),
  );
  for (const row of rows) {
    known.set(submissionKey(row.organization_id, row.id_key), {
      contentKey: row.content_key?.replaceAll('-', '') ?? null,
      place: { logId: row.log_id, index: Number(row.index) },
    });
  }
  return known;
}

function submissionKey(organizationId: string, idKey: string): string {
  return `${organizationId} ${idKey.replaceAll('-', '')}`;
}

async function insertEntries(
  sql: Sql,
  fresh: readonly FreshEntry[],
  ofErased: ReadonlySet<FreshEntry>,
): Promise<void> {
  await sql.query(
    `insert into entry (organization_id, log_id, index, recorded_at, occurred_at, operation, outcome, entity_type,
       actor_key, entity_key, source_key, request_key, words, disclosable, leaf)
     select organization_id, log_id, index, recorded_at, occurred_at, operation, outcome, entity_type,
       actor_key, entity_key, source_key, request_key, string_to_array(words, ' '), disclosable, leaf
     from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
       $9::uuid[], $10::uuid[], $11::uuid[], $12::uuid[], $13::text[], $14::smallint[], $15::bytea[])
       as fresh (organization_id, log_id, index, recorded_at, occurred_at, operation, outcome, entity_type,
       actor_key, entity_key, source_key, request_key, words, disclosable, leaf)`,
    columns(
      fresh.map((one) => {
        const { entry, leaf, place, recordedAt } = one;
        return [
          entry.organizationId,
          place.logId,
          place.index,
          recordedAt.toISOString(),
          entry.occurredAt.toISOString(),
          entry.operation,
          entry.outcome,
          entry.entity?.type ?? null,
          ...searchColumns(one, ofErased.has(one)),
          leaf.words.join(' '),
          leaf.disclosable,
          leaf.bytes,
        ];
      }),
      15,
    ),
  );
}

/** Of an erased person only what stands in the leaf in clear is searched by (P10). */
function searchColumns({ entry, keys }: FreshEntry, erased: boolean): (string | null)[] {
  const searched = (place: 'actor.id' | 'entity.id' | 'sourceIp' | 'requestId', key: () => string | null) =>
    erased && !entry.clear.has(place) ? null : key();
  const { entity, requestId } = entry;
  return [
    searched('actor.id', () => keys('actor', entry.actor.id)),
    searched('entity.id', () => (entity?.id == null ? null : keys('entity', entity.id))),
    searched('sourceIp', () => sourceIpKey(keys, entry.sourceIp)),
    searched('requestId', () => (requestId === null ? null : keys('request', requestId))),
  ];
}

/** @returns rows of `disclosure`, and the entries whose person is erased */
async function sealDisclosures(sql: Sql, vault: Vault, fresh: readonly FreshEntry[]) {
  const values = fresh.flatMap((one) => {
    const { entry, leaf, place, recordedAt } = one;
    return [...leaf.disclosures].map(([subjectId, disclosures]) => ({
      one,
      row: [entry.organizationId, place.logId, place.index, recordedAt.toISOString(), subjectId],
      scope: { organizationId: entry.organizationId, subjectId },
      context: disclosureContext(place),
      plaintext: disclosures.join(' '),
    }));
  });
  const sealed = await vault.sealMany(sql, values);
  // Of a person whose key is destroyed nothing is kept but the digests in the leaf (P10).
  const disclosures = values.flatMap(({ row }, i) => (isErased(sealed[i]) ? [] : [[...row, sealed[i]]]));
  const ofErased = new Set(
    values.flatMap(({ one, scope }, i) =>
      isErased(sealed[i]) && scope.subjectId === one.entry.subject ? [one] : [],
    ),
  );
  return { disclosures, ofErased };
}

async function insertDisclosures(sql: Sql, rows: readonly unknown[][]): Promise<void> {
  if (rows.length === 0) return;
  await sql.query(
    `insert into disclosure (organization_id, log_id, index, recorded_at, subject_id, sealed)
     select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[])`,
    columns(rows, 6),
  );
}

/** Binds sealed disclosures to their entry: elsewhere they do not open. */
export function disclosureContext({ logId, index }: Place): readonly string[] {
  return ['disclosure', logId, String(index)];
}

async function insertSubmissions(
  sql: Sql,
  fresh: readonly FreshEntry[],
  ofErased: ReadonlySet<FreshEntry>,
): Promise<void> {
  const rows = fresh.flatMap((one) => {
    const { entry, submission, place } = one;
    if (!submission) return [];
    const contentKey = ofErased.has(one) ? null : submission.contentKey;
    return [[entry.organizationId, submission.idKey, contentKey, place.logId, place.index]];
  });
  if (rows.length === 0) return;
  await sql.query(
    `insert into submission (organization_id, id_key, content_key, log_id, index)
     select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[])`,
    columns(rows, 5),
  );
}

async function growBundles(sql: Sql, fresh: readonly FreshEntry[]): Promise<void> {
  await sql.query(
    `insert into entry_bundle as b (organization_id, log_id, number,
       first_recorded_at, last_recorded_at, first_occurred_at, last_occurred_at)
     select organization_id, log_id, index / ${TILE_WIDTH}, min(recorded_at), max(recorded_at), min(occurred_at), max(occurred_at)
     from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::timestamptz[])
       as fresh (organization_id, log_id, index, recorded_at, occurred_at)
     group by 1, 2, 3
     on conflict (log_id, number) do update set
       last_recorded_at = excluded.last_recorded_at,
       first_occurred_at = least(b.first_occurred_at, excluded.first_occurred_at),
       last_occurred_at = greatest(b.last_occurred_at, excluded.last_occurred_at)`,
    columns(
      fresh.map(({ entry, place, recordedAt }) => [
        entry.organizationId,
        place.logId,
        place.index,
        recordedAt.toISOString(),
        entry.occurredAt.toISOString(),
      ]),
      5,
    ),
  );
}

async function growTrees(sql: Sql, heads: readonly Head[]): Promise<void> {
  const grown = heads.flatMap((head) => {
    if (head.leaves.length === 0) return [];
    return [{ head, ...append(head.tree, leafHashes(head.leaves)) }];
  });
  const tiles = grown.flatMap(({ head, tiles }) =>
    tiles.map(({ level, index, hashes }: TileGrowth) => [
      head.organizationId,
      head.logId,
      level,
      index,
      hashes,
    ]),
  );
  await sql.query(
    `insert into tile as t (organization_id, log_id, level, index, hashes)
     select * from unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::bigint[], $5::bytea[])
     on conflict (log_id, level, index) do update set hashes = t.hashes || excluded.hashes`,
    columns(tiles, 5),
  );
  await sql.query(
    `update log set size = grown.size, right_edge = grown.right_edge, recorded_at = grown.recorded_at
     from unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::timestamptz[]) as grown (log_id, size, right_edge, recorded_at)
     where log.log_id = grown.log_id`,
    columns(
      grown.map(({ head, tree }) => [
        head.logId,
        tree.size,
        Buffer.from(tree.edge),
        head.recordedAt.toISOString(),
      ]),
      4,
    ),
  );
}

/**
 * Rows turned into one array a column, as `unnest` takes them, written here as Postgres reads them (manual, 8.15.6): the
 * driver's own writing of arrays costs as much as all the hashes.
 */
function columns(rows: readonly (readonly unknown[])[], width: number): string[] {
  return Array.from(
    { length: width },
    (_, column) => `{${rows.map((row) => element(row[column])).join(',')}}`,
  );
}

function element(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number') return String(value);
  if (value instanceof Uint8Array) {
    return `"\\\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}"`;
  }
  if (typeof value !== 'string') throw new TypeError('A column holds texts, numbers and bytes');
  // Ids, hashes and times; the word NULL would be read as none.
  if (/^[\w:.+-]+$/.test(value) && !/^null$/i.test(value)) return value;
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** 128-bit salts, drawn from the system's generator 256 at a time. */
function freshSalts(): () => Uint8Array {
  let pool = Buffer.alloc(0);
  return () => {
    if (pool.length === 0) pool = randomBytes(16 * 256);
    const salt = pool.subarray(0, 16);
    pool = pool.subarray(16);
    return salt;
  };
}

function found<Value>(map: ReadonlyMap<string, Value>, key: string): Value {
  const value = map.get(key);
  if (value === undefined) throw new Error(`Nothing is kept for organization ${key}`);
  return value;
}
