import { instant, prepared, type Sql } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import { isJsonObject, type Json, type JsonObject, openLeaf } from '@vouchsafe/transparency-log';
import type { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { disclosureContext } from '../log/entry-location.js';
import { FIRST_SOURCE } from '@vouchsafe/contracts';
import { outcomes, provenances, submitterTypes } from '../log/entry.js';
import { jsonObject } from './details.js';
import type { EntryRow } from '../log/log-reader.js';

const named = z.strictObject({
  type: z.string().describe('Kind, such as `user` or `order`'),
  id: z.string().nullable().describe('Id among its kind; null where it is unknown or erased'),
});

/** An entry as a reader with `audit:read` sees it; what is erased is null. */
export const entryView = z
  .strictObject({
    logId: z.uuid().describe('The log that holds the entry'),
    index: z.int().min(0).describe('Position of the entry in its log, from 0'),
    id: z.string().nullable().describe('The id that its source gave it; null where it is erased'),
    provenance: z
      .enum(provenances)
      .describe(
        '`observed`: recorded by Vouchsafe’s own services; `asserted`: sent through the API, and not verified',
      ),
    submitter: z
      .strictObject({
        type: z.enum(submitterTypes).describe('Kind of submitter'),
        id: z.string().describe('Id of the API key or session, or name of the service'),
      })
      .nullable()
      .describe('Who submitted it; null for entries from before this was recorded'),
    source: z
      .string()
      .describe('The service that recorded it, or the source of the API key that submitted it'),
    occurredAt: z.iso
      .datetime()
      .describe('When it happened, with the three to nine digits of the second that were sent'),
    recordedAt: z.iso.datetime().describe('When it was added to the log'),
    skewSeconds: z
      .int()
      .optional()
      .describe('How many seconds the source’s clock differs from ours, where the difference is large'),
    actor: named.describe('Who did it'),
    operation: z.string().describe('What was done, `<entity>.<verb>`'),
    entity: named.nullable().describe('What it was done to'),
    outcome: z
      .enum(outcomes)
      .describe('`unknown`: the gateway stopped before it could record how the request ended'),
    sourceIp: z.string().nullable().describe('IP address that the request came from'),
    url: z.string().nullable().describe('URL of the request, with secrets masked'),
    userAgent: z.string().nullable().describe('User-Agent header of the request'),
    requestId: z.string().nullable().describe('Id of the request (`X-Request-Id` of its answer)'),
    details: jsonObject.describe('Whatever else the source recorded'),
    erased: z.int().min(0).describe('How many values of the entry have been erased'),
  })
  .meta({ id: 'AuditEntry' });
export type EntryView = z.output<typeof entryView>;

/**
 * Opens all that is left of the entries' disclosed values, or of those about `subjects`; of as many entries as `openDisclosures` says. The
 * others count as erased.
 */
export async function viewEntries(
  sql: Sql,
  vault: Vault,
  organizationId: string,
  rows: readonly EntryRow[],
  subjects?: readonly string[],
): Promise<EntryView[]> {
  const disclosures = await openDisclosures(sql, vault, organizationId, rows, subjects);
  return rows.slice(0, disclosures.length).map((row, i) =>
    viewOf(
      row,
      (disclosures[i] ?? []).map(({ disclosure }) => disclosure),
    ),
  );
}

/** A value that can still be opened: its field path (`details.name`), and its disclosure. */
export interface OpenDisclosure {
  readonly path: string;
  readonly disclosure: string;
  /** The person whom it is about; null where none is known. */
  readonly subjectId: string | null;
}

/** Sealed values that are opened together, in bytes: some hundred to some thousand entries, or a few that are as large as can be. */
const MOST_SEALED = 8 * 1024 * 1024;

const sealedOfRows = prepared(`select nth, subject_id, sealed from (
   select nth, d.subject_id, d.sealed,
     sum(octet_length(d.sealed)) over (order by nth groups between unbounded preceding and 1 preceding) as bytes_before
   from unnest($2::timestamptz[], $3::bigint[]) with ordinality as wanted (recorded_at, index, nth)
   join disclosure d on d.organization_id = $1::uuid and d.recorded_at = wanted.recorded_at and d.index = wanted.index
     and d.recorded_at >= $4::timestamptz and d.recorded_at <= $5::timestamptz
     and ($7::text[] is null or d.subject_id = any ($7))) as found
 where coalesce(bytes_before, 0) < $6::int`);

/**
 * Each row's disclosures, in the rows' order; those of an erased person are missing, and those about others than `subjects`, where they are
 * named. It stops after as many rows as fit in memory, but
 * at least one: the result may be shorter than the list of rows.
 */
export async function openDisclosures(
  sql: Sql,
  vault: Vault,
  organizationId: string,
  rows: readonly EntryRow[],
  subjects?: readonly string[],
): Promise<OpenDisclosure[][]> {
  const opened = rows.map((): OpenDisclosure[] => []);
  if (rows.length === 0) return opened;
  const sealed = await sql.query<{ nth: string; subject_id: string | null; sealed: string }>(sealedOfRows, [
    organizationId,
    rows.map((row) => row.recorded_at),
    rows.map((row) => row.index),
    ...boundsOf(rows),
    MOST_SEALED,
    subjects ?? null,
  ]);
  const texts = await vault.openMany(
    sql,
    sealed.map(({ nth, subject_id: subjectId, sealed }) => {
      const row = rows[Number(nth) - 1];
      if (!row) throw new Error('A disclosure belongs to none of the requested rows');
      const context = disclosureContext({ logId: row.log_id, index: Number(row.index) });
      return { scope: { organizationId, subjectId }, context, sealed };
    }),
  );
  sealed.forEach(({ nth, subject_id: subjectId }, i) => {
    const text = texts[i];
    if (text === undefined || isErased(text)) return;
    for (const named of text.split(' ')) {
      const colon = named.indexOf(':');
      const [path, disclosure] = [named.slice(0, colon), named.slice(colon + 1)];
      opened[Number(nth) - 1]?.push({ path, disclosure, subjectId });
    }
  });
  const bytes = sealed.reduce((sum, row) => sum + row.sealed.length, 0);
  // Behind the last row that was read there may be some that were not.
  return bytes < MOST_SEALED ? opened : opened.slice(0, Math.max(...sealed.map(({ nth }) => Number(nth))));
}

function boundsOf(rows: readonly EntryRow[]): [string, string] {
  const [first, last] = [rows[0], rows.at(-1)].map((row) => row?.recorded_at ?? '');
  if (first === undefined || last === undefined) throw new Error('The list of rows is empty');
  return instant(first) <= instant(last) ? [first, last] : [last, first];
}

function viewOf({ log_id: logId, index, leaf }: EntryRow, disclosures: readonly string[]): EntryView {
  const opened = openLeaf(leaf, disclosures);
  if (opened.status !== 'opened')
    throw new Error(`Leaf ${index} of log ${logId} does not open: ${opened.status}`);
  const { entry, undisclosed } = opened;
  return entryView.parse({
    logId,
    index: Number(index),
    id: textOf(entry.id),
    ...originOf(entry),
    source: textOf(entry.source),
    occurredAt: textOf(entry.occurredAt),
    recordedAt: textOf(entry.recordedAt),
    ...(entry.skewSeconds === undefined ? {} : { skewSeconds: entry.skewSeconds }),
    actor: namedOf(entry.actor),
    operation: textOf(entry.operation),
    entity: isJsonObject(entry.entity) ? namedOf(entry.entity) : null,
    outcome: textOf(entry.outcome),
    sourceIp: textOf(entry.sourceIp),
    url: textOf(entry.url),
    userAgent: textOf(entry.userAgent),
    requestId: textOf(entry.requestId),
    details: { ...(entry.details as JsonObject | undefined) },
    erased: undisclosed,
  });
}

/** Leaves of version 1 say less: all entries that were sent had the source `api`. */
function originOf({ version, provenance, submitter, source }: JsonObject) {
  if (version !== 1) return { provenance, submitter };
  return { provenance: source === FIRST_SOURCE ? 'asserted' : 'observed', submitter: null };
}

function namedOf(value: Json | undefined) {
  return isJsonObject(value) ? { type: textOf(value.type), id: textOf(value.id) } : { type: null, id: null };
}

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
