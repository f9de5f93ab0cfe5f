import type { Sql } from '@vouchsafe/database';
import type { BundleLog, BundleRequest } from '@vouchsafe/forensic-bundle';
import type { EntryFilter } from '../entry/entry-search.js';
import { expiredRanges, type IndexRange } from '../log/expired-ranges.js';
import { logsOf, newestCheckpoint, tilesOf } from '../log/log-reader.js';
import { entriesOf, type EntrySource } from './bundle-entries.js';
import { countOf, coverage, expiredIn, matching, wholeRange } from './bundle-selection.js';
import { goneBefore, missingOf } from './expired-entries.js';
import type { ExportId, ExportRequest } from './export.js';

/** Of the checkpoints given out before, this many at most, spread over the log's life. */
const EARLIER_CHECKPOINTS = 64;

export interface BundleSource extends EntrySource {
  readonly operatorOrganizationId: string;
  readonly now: () => Date;
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
  const filter: EntryFilter = { ...request.filter, from: request.from, to: request.to };
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
  const { selection, total, recorded, indices, expired } = await asOrganization(async (sql) => {
    const expired = await expiredIn(sql, organizationId, filter);
    const selection = contiguous
      ? await wholeRange(sql, organizationId, filter, expired)
      : await matching(sql, source.vault, organizationId, filter);
    return { selection, expired, ...(await countOf(sql, organizationId, selection, sizes)) };
  });
  const progress = { done: 0 };
  const signed = logs.filter(({ logId }) => sizes.has(logId)).sort((a, b) => (a.logId < b.logId ? -1 : 1));
  return {
    total,
    exportId: job.exportId,
    createdAt,
    organizationId: organizationId === source.operatorOrganizationId ? null : organizationId,
    asked: { from: request.from, to: request.to },
    coveredUntil,
    range: rangeOf(recorded, createdAt),
    filter: filterText(request),
    disclosed: request.disclose,
    claim: contiguous ? 'contiguous' : 'inclusion',
    logs: await Promise.all(
      signed.map(async (log): Promise<BundleLog> => {
        const checkpoint = sizes.get(log.logId);
        if (!checkpoint) throw new Error(`Log ${log.logId} has a checkpoint`);
        const gone = (range: IndexRange) => asOrganization((sql) => expiredRanges(sql, log.logId, range));
        const goneOf = expired.get(log.logId)?.range;
        const missing = contiguous
          ? missingOf([indices.get(log.logId), goneOf], gone)
          : await goneBefore(goneOf, gone);
        return {
          id: log.logId,
          origin: log.origin,
          checkpoint: checkpoint.note,
          tiles: async (level, index, width) => {
            await source.onProgress(progress.done);
            return asOrganization((sql) => tilesOf(sql, log.logId)(level, index, width));
          },
          entries: entriesOf(log, checkpoint.size, selection, request, organizationId, source, {
            progress,
            seen: missing.seen,
          }),
          expired: missing.ranges,
          earlierCheckpoints: await asOrganization((sql) =>
            earlierCheckpoints(sql, log.logId, checkpoint.size),
          ),
          predecessor: null,
        };
      }),
    ),
  };
}

/** From the first entry here to a millisecond after the last: they are recorded at whole milliseconds. */
function rangeOf(recorded: { first: Date; last: Date } | null, createdAt: string) {
  if (!recorded) return { from: createdAt, to: createdAt };
  return {
    from: recorded.first.toISOString(),
    to: new Date(recorded.last.getTime() + 1).toISOString(),
  };
}

function filterText({ filter }: ExportRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(filter).filter(
      (pair): pair is [string, NonNullable<(typeof pair)[1]>] => pair[1] !== undefined,
    ),
  );
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
