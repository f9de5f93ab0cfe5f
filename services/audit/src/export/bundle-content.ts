import { type Database, instant, type Sql } from '@vouchsafe/database';
import type { BundleEntry, BundleLog, BundleRequest, KeyPeriod } from '@vouchsafe/forensic-bundle';
import { parseVerifierKey, TILE_WIDTH, type VerifierKey } from '@vouchsafe/transparency-log';
import type { Vault } from '@vouchsafe/vault';
import {
  type EntryFilter,
  type EntryRow,
  pageStatement,
  type Position,
  type Span,
  spanOf,
  wordMatches,
  type WordMatches,
} from '../entry/entry-search.js';
import { openDisclosures } from '../entry/entry-view.js';
import { type LogView, logsOf, newestCheckpoint, tilesOf } from '../log/log-reader.js';
import { searchKeys } from '../log/search-keys.js';
import type { ExportId, ExportRequest } from './export.js';

/** Entries of one page: their leaves and opened values are what an export holds in memory. */
const PAGE = 500;
/** Of the checkpoints given out before, this many at most, spread over the log's life. */
const EARLIER_CHECKPOINTS = 64;

export interface BundleSource {
  readonly database: Database;
  readonly vault: Vault;
  readonly operatorOrganizationId: string;
  readonly now: () => Date;
  /** Hears how many entries have been written. */
  readonly onProgress: (done: number) => Promise<void>;
  /** Takes the persons of whom a value was opened. */
  readonly opened: Set<string>;
}

export type BundleContent = Omit<BundleRequest, 'signer' | 'keys'> & { readonly total: number };

/**
 * What a bundle of this request holds. With a filter: the entries that match it and occurred in the range. Without: every
 * entry from the first to the last that occurred, or was recorded, in the range, whatever its source's clock said, so
 * that the bundle can claim that nothing was left out.
 */
export async function bundleContent(
  job: ExportId,
  request: ExportRequest,
  source: BundleSource,
): Promise<BundleContent> {
  const { organizationId } = job;
  const asOrganization = <T>(work: (sql: Sql) => Promise<T>) =>
    source.database.forOrganization(organizationId, work);
  const filter: EntryFilter = { ...request.filter, from: new Date(request.from), to: new Date(request.to) };
  const contiguous = Object.values(request.filter).every((value) => value === undefined);
  const { logs, sizes } = await asOrganization(async (sql) => {
    const logs = await logsOf(sql, organizationId);
    const checkpoints = await Promise.all(logs.map(({ logId }) => newestCheckpoint(sql, logId)));
    const sizes = new Map(
      logs.flatMap(({ logId }, i) => (checkpoints[i] ? [[logId, checkpoints[i]] as const] : [])),
    );
    return { logs, sizes };
  });
  const { createdAt, coveredUntil } = await source.database.asWorker((sql) =>
    coverage(sql, organizationId, sizes, source.now),
  );
  const { selection, total, recorded } = await asOrganization(async (sql) => {
    const selection = contiguous
      ? await wholeRange(sql, organizationId, filter)
      : await matching(sql, source.vault, organizationId, filter);
    return { selection, ...(await countOf(sql, organizationId, selection, sizes)) };
  });
  const progress = { done: 0 };
  const signed = logs.filter(({ logId }) => sizes.has(logId)).sort((a, b) => (a.logId < b.logId ? -1 : 1));
  return {
    total,
    exportId: job.exportId,
    createdAt,
    organizationId: organizationId === source.operatorOrganizationId ? null : organizationId,
    range: rangeOf(request, recorded, coveredUntil),
    filter: contiguous ? {} : filterText(request),
    disclosed: request.disclose,
    claim: contiguous ? 'contiguous' : 'inclusion',
    logs: await Promise.all(
      signed.map(async (log): Promise<BundleLog> => {
        const checkpoint = sizes.get(log.logId);
        if (!checkpoint) throw new Error(`Log ${log.logId} has a checkpoint`);
        return {
          id: log.logId,
          origin: log.origin,
          checkpoint: checkpoint.note,
          tiles: async (level, index, width) => {
            await source.onProgress(progress.done);
            return asOrganization((sql) => tilesOf(sql, log.logId)(level, index, width));
          },
          entries: entriesOf(
            log,
            checkpoint.size,
            selection,
            request.disclose,
            organizationId,
            source,
            progress,
          ),
          expired: [],
          earlierCheckpoints: await asOrganization((sql) =>
            earlierCheckpoints(sql, log.logId, checkpoint.size),
          ),
          predecessor: null,
        };
      }),
    ),
  };
}

interface Selection {
  readonly filter: EntryFilter;
  readonly keys: Awaited<ReturnType<typeof searchKeys>>;
  readonly span: Span;
  readonly words: WordMatches;
}

const noKeys = (): never => {
  throw new Error('Nothing is searched by a keyed hash');
};

async function wholeRange(
  sql: Sql,
  organizationId: string,
  { from, to }: EntryFilter,
): Promise<Selection | null> {
  const span = await spanOf(sql, organizationId, { from, to });
  const [row] = await sql.query<{ first: string | null; last: string | null }>(
    `select min(recorded_at) as first, max(recorded_at) as last from (
       select recorded_at from entry
       where organization_id = $1 and recorded_at >= $4::timestamptz and recorded_at <= $5::timestamptz
         and occurred_at >= $2::timestamptz and occurred_at < $3::timestamptz
       union all
       (select recorded_at from entry where organization_id = $1 and recorded_at >= $2::timestamptz and recorded_at < $3::timestamptz
        order by recorded_at limit 1)
       union all
       (select recorded_at from entry where organization_id = $1 and recorded_at >= $2::timestamptz and recorded_at < $3::timestamptz
        order by recorded_at desc limit 1)) as touched`,
    [
      organizationId,
      from?.toISOString(),
      to?.toISOString(),
      span === 'empty' ? 'infinity' : span?.first,
      span === 'empty' ? '-infinity' : span?.last,
    ],
  );
  return row?.first != null && row.last != null
    ? { filter: {}, keys: noKeys, span: { first: row.first, last: row.last }, words: null }
    : null;
}

async function matching(
  sql: Sql,
  vault: Vault,
  organizationId: string,
  filter: EntryFilter,
): Promise<Selection | null> {
  const span = await spanOf(sql, organizationId, filter);
  const words = await wordMatches(sql, filter.q);
  if (span === 'empty' || words === 'none') return null;
  return { filter, keys: await searchKeys(vault, sql, organizationId), span, words };
}

/**
 * When a bundle is made, and until when all that was recorded is under the checkpoints: until then, or until the first entry
 * behind one. Writers hold their log's head until commit and ask for the time behind it, so nothing earlier comes later.
 */
async function coverage(
  sql: Sql,
  organizationId: string,
  sizes: ReadonlyMap<string, { readonly size: number }>,
  now: () => Date,
): Promise<{ createdAt: string; coveredUntil: string }> {
  await sql.query('select 1 from log where organization_id = $1 order by log_id for share', [organizationId]);
  const createdAt = now().toISOString();
  const [row] = await sql.query<{ first: string | null }>(
    `select min(e.recorded_at) as first from log l
     left join unnest($2::uuid[], $3::bigint[]) as signed (log_id, size) on signed.log_id = l.log_id
     cross join lateral (
       select min(b.first_recorded_at) as recorded_at from entry_bundle b
       where b.log_id = l.log_id and b.number >= coalesce(signed.size, 0) / ${TILE_WIDTH}) as behind
     join entry e on e.organization_id = $1 and e.log_id = l.log_id
       and e.recorded_at >= behind.recorded_at and e.index >= coalesce(signed.size, 0)
     where l.organization_id = $1 and l.size > coalesce(signed.size, 0)`,
    [organizationId, [...sizes.keys()], [...sizes.values()].map(({ size }) => size)],
  );
  const uncovered = row?.first == null ? createdAt : instant(row.first).toISOString();
  return { createdAt, coveredUntil: uncovered < createdAt ? uncovered : createdAt };
}

/** Of the entries under the checkpoints: what is younger is not in the bundle. */
async function countOf(
  sql: Sql,
  organizationId: string,
  selection: Selection | null,
  sizes: ReadonlyMap<string, { readonly size: number }>,
) {
  if (!selection) return { total: 0, recorded: null };
  const { text, values } = pageStatement(
    { organizationId, ...selection, order: 'oldest', limit: 2 ** 31 - 1, after: null },
    selection.span,
    selection.words,
  );
  const [row] = await sql.query<{ total: string; first: string | null; last: string | null }>(
    `select count(*) as total, min(recorded_at) as first, max(recorded_at) as last
     from (${text.replace('log_id, index, recorded_at, disclosable, leaf', 'log_id, recorded_at, index')}) as selected
     join unnest($${values.length + 1}::uuid[], $${values.length + 2}::bigint[]) as signed (log_id, size) using (log_id)
     where selected.index < signed.size`,
    [...values, [...sizes.keys()], [...sizes.values()].map(({ size }) => size)],
  );
  const recorded =
    row?.first != null && row.last != null ? { first: instant(row.first), last: instant(row.last) } : null;
  return { total: Number(row?.total ?? 0), recorded };
}

/** A manifest's range is one of recording: what was asked for, and as much more as late reports were recorded in. */
function rangeOf(
  { from, to }: ExportRequest,
  recorded: { first: Date; last: Date } | null,
  coveredUntil: string,
) {
  const begin = recorded && recorded.first.toISOString() < from ? recorded.first.toISOString() : from;
  const asked = to < coveredUntil ? to : coveredUntil;
  const beyond = recorded ? new Date(recorded.last.getTime() + 1).toISOString() : asked;
  const end = [asked, beyond, begin].reduce((a, b) => (a > b ? a : b));
  return { from: begin, to: end };
}

function filterText({ from, to, filter }: ExportRequest): Record<string, string> {
  const given = Object.entries(filter).filter(
    (pair): pair is [string, NonNullable<(typeof pair)[1]>] => pair[1] !== undefined,
  );
  return { ...Object.fromEntries(given), occurredFrom: from, occurredTo: to };
}

/** Pages of the log, each in a transaction of its own: nothing stays open however long the export takes. */
async function* entriesOf(
  { logId }: LogView,
  size: number,
  selection: Selection | null,
  disclose: readonly string[],
  organizationId: string,
  { database, vault, onProgress, opened }: BundleSource,
  progress: { done: number },
): AsyncGenerator<BundleEntry> {
  if (!selection) return;
  const isAsked = askedFor(disclose);
  let after: Position | null = null;
  for (;;) {
    const { text, values } = pageStatement(
      { organizationId, logId, ...selection, order: 'oldest', limit: PAGE, after },
      selection.span,
      selection.words,
    );
    const { rows, disclosures } = await database.forOrganization(organizationId, async (sql) => {
      const rows = await sql.query<EntryRow>(text, values);
      return { rows, disclosures: await openDisclosures(sql, vault, organizationId, rows) };
    });
    for (const [i, row] of rows.entries()) {
      const index = Number(row.index);
      // Younger than the checkpoint that this bundle's proofs lead to.
      if (index >= size) return;
      const open = disclosures[i] ?? [];
      const shown = open.filter(({ path }) => isAsked(path));
      for (const { subjectId } of shown) if (subjectId !== null) opened.add(subjectId);
      yield {
        index,
        leaf: row.leaf,
        disclosures: shown.map(({ disclosure }) => disclosure),
        erased: open.length < row.disclosable,
        held: false,
      };
    }
    progress.done += rows.length;
    await onProgress(progress.done);
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    after = { recordedAt: instant(last.recorded_at).getTime(), index: Number(last.index) };
  }
}

/** `details` asks for all of them, `details.name` for one. */
function askedFor(disclose: readonly string[]): (path: string) => boolean {
  const known = new Map<string, boolean>();
  return (path) => {
    let asked = known.get(path);
    if (asked === undefined) {
      asked = disclose.some((name) => path === encodedPath(name) || path.startsWith(`${encodedPath(name)}.`));
      if (known.size < 10_000) known.set(path, asked);
    }
    return asked;
  };
}

/** As `pathText` writes paths; the first dot parts `details` from the name of one. */
function encodedPath(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? name : `${name.slice(0, dot)}.${encodeURIComponent(name.slice(dot + 1))}`;
}

async function earlierCheckpoints(sql: Sql, logId: string, size: number): Promise<Buffer[]> {
  const rows = await sql.query<{ note: Buffer }>(
    `select note from checkpoint where log_id = $1 and size in (
       select size from (
         select size, row_number() over (order by size) as nth, count(*) over () as published
         from checkpoint where log_id = $1 and size < $2) as earlier
       where nth % greatest(1, ceil(published / $3::numeric)) = 0)
     order by size`,
    [logId, size, EARLIER_CHECKPOINTS],
  );
  return rows.map((row) => row.note);
}

/** Every key that ever signed for these logs or for manifests, and when. */
export async function bundleKeys(
  sql: Sql,
  organizationId: string,
  manifestName: string,
): Promise<(KeyPeriod & { key: VerifierKey })[]> {
  const rows = await sql.query<{
    vkey: string;
    log_id: string | null;
    signs_from: string;
    signs_until: string | null;
  }>(
    `select vkey, log_id, signs_from, signs_until from signing_key
     where (organization_id = $1 and log_id is not null) or name = $2 order by signs_from, vkey`,
    [organizationId, manifestName],
  );
  return rows.map((row) => {
    const parsed = parseVerifierKey(row.vkey);
    if (!('key' in parsed)) throw new Error(`A stored key does not read: ${parsed.error}`);
    return {
      key: parsed.key,
      use: row.log_id === null ? 'manifest' : 'log',
      from: instant(row.signs_from).toISOString(),
      to: row.signs_until === null ? null : instant(row.signs_until).toISOString(),
    };
  });
}
