/** @promise P24 (main) finds entries by time, actor, operation, entity, address and more */
import { prepared, type Sql } from '@vouchsafe/database';
import { ownNames } from '@vouchsafe/contracts';
import { type Outcome, type Provenance, type Submitter, wordsIn } from '../log/entry.js';
import { type Instant, microseconds } from '../log/instant.js';
import type { EntryRow } from '../log/log-reader.js';
import { type SearchKeys, sourceIpKey } from '../log/search-keys.js';

/** What `GET /v1/audit/entries` asks for; any combination. */
export interface EntryFilter {
  /** By `occurredAt`: from this instant on, ... */
  readonly from?: Instant | undefined;
  /** ... and before this one. Both are compared to the microsecond. */
  readonly to?: Instant | undefined;
  readonly actor?: string | undefined;
  readonly operation?: string | undefined;
  readonly entityType?: string | undefined;
  readonly entityId?: string | undefined;
  readonly outcome?: Outcome | undefined;
  readonly sourceIp?: string | undefined;
  readonly requestId?: string | undefined;
  readonly provenance?: Provenance | undefined;
  readonly source?: string | undefined;
  readonly submitterType?: Submitter['type'] | undefined;
  readonly submitterId?: string | undefined;
  /** Every word of it stands in the entry's clear text. */
  readonly q?: string | undefined;
}

/** A position in the order of the log: `recordedAt` never falls while the index rises. Milliseconds since 1970. */
export interface Position {
  readonly recordedAt: number;
  readonly index: number;
}

export interface SearchOptions {
  readonly organizationId: string;
  readonly filter: EntryFilter;
  readonly keys: SearchKeys;
  readonly order: 'newest' | 'oldest';
  readonly limit: number;
  /** The last position of the page before. */
  readonly after: Position | null;
  /** One of the organization's logs; all of them where nothing is said. */
  readonly logId?: string;
}

/** A page of an organization's entries. Whatever page, it is one descent into an index from where the last one ended. */
export async function searchEntries(sql: Sql, options: SearchOptions): Promise<EntryRow[]> {
  const span = await spanOf(sql, options.organizationId, options.filter);
  const words = await wordMatches(sql, options.filter.q);
  if (span === 'empty' || words === 'none') return [];
  const { text, values } = pageStatement(options, span, words);
  return sql.query<EntryRow>(prepared(text), values);
}

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Bounds of `recorded_at` between which a time range's entries lie. */
export type Span = { readonly first: string; readonly last: string } | null;
export type WordMatches =
  | null
  /** So many that the order of the log meets them soon. */
  | { readonly frequent: readonly string[] }
  | { readonly rare: readonly { recorded_at: string; index: string }[] };

export function pageStatement(options: SearchOptions, span: Span, words: WordMatches): Statement {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const conditions = [
    `organization_id = ${bind(options.organizationId)}::uuid`,
    ...(options.logId === undefined ? [] : [`log_id = ${bind(options.logId)}::uuid`]),
    ...equalities(options).map(([column, value]) => `${column} = ${bind(value)}`),
    // Lets the partial index of what went wrong be used.
    ...(options.filter.outcome && options.filter.outcome !== 'success' ? [`outcome <> 'success'`] : []),
    ...impliedBySubmitter(options.filter),
    ...range('occurred_at', options.filter.from, options.filter.to, bind),
    ...(span
      ? [`recorded_at >= ${bind(span.first)}::timestamptz`, `recorded_at <= ${bind(span.last)}::timestamptz`]
      : []),
    ...wordConditions(words, bind),
    ...afterCondition(options, bind),
  ];
  const direction = options.order === 'newest' ? 'desc' : 'asc';
  const text = `select log_id, index, recorded_at, disclosable, leaf from entry
    where ${conditions.join('\n      and ')}
    order by recorded_at ${direction}, index ${direction} limit ${bind(options.limit)}::int`;
  return { text, values };
}

function equalities({ filter, keys }: SearchOptions): [string, string][] {
  const { actor, operation, entityType, entityId, outcome, sourceIp, requestId } = filter;
  const { provenance, source, submitterType, submitterId } = filter;
  const wanted: [string, string | null | undefined][] = [
    ['actor_key', actor === undefined ? actor : keys('actor', actor)],
    ['operation', operation],
    ['entity_type', entityType],
    ['entity_key', entityId === undefined ? entityId : keys('entity', entityId)],
    ['outcome', outcome],
    ['source_key', sourceIp === undefined ? sourceIp : sourceIpKey(keys, sourceIp)],
    ['request_key', requestId === undefined ? requestId : keys('request', requestId)],
    ['provenance', provenance],
    ['source', source],
    ['submitter_type', submitterType],
    ['submitter_id', submitterId],
  ];
  return wanted.filter((pair): pair is [string, string] => pair[1] != null);
}

/** Says nothing new: what indexes find the entries of a submitter by. */
function impliedBySubmitter({ submitterType, submitterId }: EntryFilter): string[] {
  const own = ownNames.find((name) => name === submitterId);
  if (submitterType === 'service' || own !== undefined)
    return [`provenance = 'observed'`, ...(own === undefined ? [] : [`source = '${own}'`])];
  if (submitterType === undefined && submitterId === undefined) return [];
  return [`provenance = 'asserted'`, ...(submitterType === 'session' ? [`submitter_type = 'session'`] : [])];
}

function range(
  column: string,
  from: Instant | undefined,
  to: Instant | undefined,
  bind: (value: unknown) => string,
): string[] {
  return [
    ...(from ? [`${column} >= ${bind(microseconds(from))}::timestamptz`] : []),
    ...(to ? [`${column} < ${bind(microseconds(to))}::timestamptz`] : []),
  ];
}

function wordConditions(words: WordMatches, bind: (value: unknown) => string): string[] {
  if (words === null) return [];
  if ('frequent' in words) return [`words @> ${bind(words.frequent)}::text[]`];
  const times = bind(words.rare.map((row) => row.recorded_at));
  const indices = bind(words.rare.map((row) => row.index));
  return [`(recorded_at, index) in (select * from unnest(${times}::timestamptz[], ${indices}::bigint[]))`];
}

function afterCondition({ after, order }: SearchOptions, bind: (value: unknown) => string): string[] {
  if (!after) return [];
  const time = bind(new Date(after.recordedAt).toISOString());
  const beyond = order === 'newest' ? '<' : '>';
  return [
    `(recorded_at, index) ${beyond} (${time}::timestamptz, ${bind(after.index)}::bigint)`,
    // Says nothing new, but cuts off partitions: a comparison of rows does not.
    `recorded_at ${beyond}= ${time}::timestamptz`,
  ];
}

/**
 * Which part of the log a range of `occurredAt` can lie in. Entries come nearly in the order in which they occurred, so a narrow range
 * is a narrow part, wherever in the log; only late reports widen it.
 */
export async function spanOf(
  sql: Sql,
  organizationId: string,
  { from, to }: EntryFilter,
): Promise<Span | 'empty'> {
  if (!from && !to) return null;
  const [row] = await sql.query<{ first: string | null; last: string | null }>(
    `select min(first_recorded_at) as first, max(last_recorded_at) as last from entry_bundle
     where log_id in (select log_id from log where organization_id = $1)
       and last_occurred_at >= $2::timestamptz and first_occurred_at < $3::timestamptz`,
    [organizationId, from ? microseconds(from) : '-infinity', to ? microseconds(to) : 'infinity'],
  );
  return row?.first != null && row.last != null ? { first: row.first, last: row.last } : 'empty';
}

/** Fewer matches than this are looked up and sorted; more are met soon enough by walking the log. */
const RARE = 2000;

export async function wordMatches(sql: Sql, q: string | undefined): Promise<WordMatches | 'none'> {
  if (q === undefined) return null;
  const words = wordsIn(q);
  if (words.length === 0) return 'none';
  const rows = await sql.query<{ recorded_at: string; index: string }>(
    'select recorded_at, index from lookup.entries_with_words($1::text[], $2)',
    [words, RARE],
  );
  if (rows.length === 0) return 'none';
  return rows.length < RARE ? { rare: rows } : { frequent: words };
}
