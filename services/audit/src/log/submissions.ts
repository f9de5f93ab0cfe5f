import type { Sql } from '@vouchsafe/database';
import { columns } from './columns.js';
import { LEAF_VERSION, type NewEntry } from './entry.js';
import type { FreshEntry } from './fresh-entry.js';
import { fitsLeaf } from './fits-leaf.js';
import { hasExpired } from './expired-ranges.js';
import { entryAt } from './log-reader.js';
import type { EntryLocation } from './entry-location.js';
import type { SearchKeys } from './search-keys.js';
import { idKeyOf, type Submission } from './submission.js';

/** What was recorded under an id before. */
export interface KnownSubmission {
  /** The hash of what was sent. Where the person has been erased since, there is none, and only the leaf is left. */
  readonly content: { readonly key: string; readonly leafVersion: number } | { readonly leaf: Uint8Array };
  readonly location: EntryLocation;
}

/** Whether an entry whose id is known is the one that was recorded; if the person is erased, as far as the leaf can tell. */
export function isSame({ content }: KnownSubmission, now: Submission, entry: NewEntry): boolean {
  if ('leaf' in content) return fitsLeaf(content.leaf, entry);
  return content.key === (content.leafVersion === 1 ? now.firstContentKey() : now.contentKey);
}

/** What was recorded before under the given ids. Read after the heads are locked, so that no one records them meanwhile. */
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
    const location = { logId: row.log_id, index: Number(row.index) };
    const content =
      contentKey === null
        ? await leafAt(sql, organizationId, location)
        : { key: contentKey.replaceAll('-', ''), leafVersion: row.leaf_version };
    // The entry expired between the two questions, and with it what is known of its id.
    if (!content) continue;
    known.set(submissionKey(organizationId, idKey), { content, location });
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

async function leafAt(
  sql: Sql,
  organizationId: string,
  location: EntryLocation,
): Promise<{ readonly leaf: Uint8Array } | undefined> {
  const row = await entryAt(sql, organizationId, location);
  if (row) return { leaf: row.leaf };
  if (await hasExpired(sql, location)) return undefined;
  throw new Error(`Entry ${location.index} of log ${location.logId} was recorded but is missing`);
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
    const { entry, submission, location } = one;
    if (!submission) return [];
    const contentKey = ofErased.has(one) ? null : submission.contentKey;
    return [
      [entry.organizationId, submission.idKey, contentKey, LEAF_VERSION, location.logId, location.index],
    ];
  });
  if (rows.length === 0) return;
  await sql.query(
    `insert into submission (organization_id, id_key, content_key, leaf_version, log_id, index)
     select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::smallint[], $5::uuid[], $6::bigint[])`,
    columns(rows, ['plain', 'plain', 'plain', 'plain', 'plain', 'plain']),
  );
}
