import type { Sql } from '@vouchsafe/database';
import { FIRST_SOURCE } from '@vouchsafe/contracts';
import { columns } from './columns.js';
import { LEAF_VERSION, type NewEntry } from './entry.js';
import type { FreshEntry } from './fresh-entry.js';
import { fitsLeaf } from './fits-leaf.js';
import { entryAt } from './log-reader.js';
import type { Place } from './place.js';
import type { SearchKeys } from './search-keys.js';

/** A client's own id of an entry, and what it said under it, as keyed hashes. */
export interface Submission {
  readonly idKey: string;
  /** Of all that the client said: an id that comes again with something else is refused. */
  readonly contentKey: string;
  /** The same as a leaf of version 1 has it, which cut the time of an entry to the millisecond. */
  readonly firstContentKey: () => string;
}

/** What was recorded under an id before. */
export interface KnownSubmission {
  /** The hash of what was sent. Where the person has been erased since, there is none, and only the leaf is left. */
  readonly content: { readonly key: string; readonly leafVersion: number } | { readonly leaf: Uint8Array };
  readonly place: Place;
}

/** Whether an entry whose id is known is the one that was recorded; if the person is erased, as far as the leaf can tell. */
export function isSame({ content }: KnownSubmission, now: Submission, entry: NewEntry): boolean {
  if ('leaf' in content) return fitsLeaf(content.leaf, entry);
  return content.key === (content.leafVersion === 1 ? now.firstContentKey() : now.contentKey);
}

export function submissionOf(entry: NewEntry, keys: SearchKeys): Submission | null {
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
    idKey: idKeyOf(entry.source, entry.id, keys),
    contentKey: keys('content', { ...said, occurredAt: entry.occurredAt }),
    firstContentKey: () => keys('content', { ...said, occurredAt: new Date(entry.occurredAt).toISOString() }),
  };
}

/** Ids are unique within their source. Those of the time when there was one source only stay known as they are. */
function idKeyOf(source: string, id: string, keys: SearchKeys): string {
  return source === FIRST_SOURCE ? keys('id', id) : keys('source-id', [source, id]);
}

/** What was recorded before under the ids given. Read behind the heads' locks, so nobody records them meanwhile. */
export async function submissionsOf(
  sql: Sql,
  entries: readonly NewEntry[],
  keysOf: (organizationId: string) => SearchKeys,
) {
  const asked = entries.flatMap((entry) =>
    entry.id === null
      ? []
      : [[entry.organizationId, idKeyOf(entry.source, entry.id, keysOf(entry.organizationId))] as const],
  );
  const known = new Map<string, KnownSubmission>();
  if (asked.length === 0) return known;
  const rows = await sql.query<SubmissionRow>(
    `select s.organization_id, s.id_key, s.content_key, s.leaf_version, s.log_id, s.index
     from unnest($1::uuid[], $2::uuid[]) as asked (organization_id, id_key)
     join submission s using (organization_id, id_key)`,
    columns(asked, ['plain', 'plain']),
  );
  for (const row of rows) {
    const { organization_id: organizationId, id_key: idKey, content_key: contentKey } = row;
    const place = { logId: row.log_id, index: Number(row.index) };
    const content =
      contentKey === null
        ? { leaf: await leafAt(sql, organizationId, place) }
        : { key: contentKey.replaceAll('-', ''), leafVersion: row.leaf_version };
    known.set(submissionKey(organizationId, idKey), { content, place });
  }
  return known;
}

interface SubmissionRow {
  readonly organization_id: string;
  readonly id_key: string;
  readonly content_key: string | null;
  readonly leaf_version: number;
  readonly log_id: string;
  readonly index: string;
}

async function leafAt(sql: Sql, organizationId: string, place: Place): Promise<Uint8Array> {
  const row = await entryAt(sql, organizationId, place);
  if (!row) throw new Error(`Entry ${place.index} of log ${place.logId} was recorded, and is missing`);
  return row.leaf;
}

export function submissionKey(organizationId: string, idKey: string): string {
  return `${organizationId} ${idKey.replaceAll('-', '')}`;
}

export async function insertSubmissions(
  sql: Sql,
  fresh: readonly FreshEntry[],
  ofErased: ReadonlySet<FreshEntry>,
): Promise<void> {
  const rows = fresh.flatMap((one) => {
    const { entry, submission, place } = one;
    if (!submission) return [];
    const contentKey = ofErased.has(one) ? null : submission.contentKey;
    return [[entry.organizationId, submission.idKey, contentKey, LEAF_VERSION, place.logId, place.index]];
  });
  if (rows.length === 0) return;
  await sql.query(
    `insert into submission (organization_id, id_key, content_key, leaf_version, log_id, index)
     select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::smallint[], $5::uuid[], $6::bigint[])`,
    columns(rows, ['plain', 'plain', 'plain', 'plain', 'plain', 'plain']),
  );
}
