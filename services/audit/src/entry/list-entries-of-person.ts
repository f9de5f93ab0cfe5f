/** @promise P10 the entries of what a person did and of what was done to them: their own values open, those of others not */
import { Injectable } from '@nestjs/common';
import { everyContract } from '@vouchsafe/contracts';
import { Database, instant, prepared, type Sql } from '@vouchsafe/database';
import { userId } from '@vouchsafe/event-sourcing';
import type { ReturnedPerson } from '@vouchsafe/service-host';
import { isJsonObject, type Json, type JsonObject } from '@vouchsafe/transparency-log';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import type { EntryRow } from '../log/log-reader.js';
import { searchKeys } from '../log/search-keys.js';
import { isUuid, uuids } from '../reactions/uuid.js';
import type { Position } from './entry-search.js';
import { entryView, type EntryView, viewEntries } from './entry-view.js';

export const entryOfPerson = entryView.omit({ erased: true, submitter: true }).extend({
  withheld: z
    .int()
    .min(0)
    .describe('How many values of the entry are not shown, because they are about others or were erased'),
});
type EntryOfPerson = z.infer<typeof entryOfPerson>;

/** Sealed values that are looked through for a page, whoever they are about: some milliseconds. */
const SCANNED = 20_000;

/** The last of them; none where fewer are left. */
const endOfScan = prepared(`select recorded_at, index from disclosure
  where organization_id = $1::uuid and (recorded_at, index) > ($2::timestamptz, $3::bigint) and recorded_at >= $2::timestamptz
  order by recorded_at, index offset $4::int - 1 limit 1`);

/** Says the last two for partitions: a comparison of rows does not cut them off. */
const inRange = `(recorded_at, index) > ($5::timestamptz, $6::bigint) and (recorded_at, index) <= ($8::timestamptz, $9::bigint)
  and recorded_at >= $5::timestamptz and recorded_at <= $8::timestamptz
  order by recorded_at, index limit $7::int`;

/**
 * By three indexes, each read from where the last page ended: of actors, of entities, and of sealed values in the order of the log, for there is none
 * by person. `limit 1` keeps Postgres from reading all entries to find a page of them.
 */
const entriesOfPerson = prepared(`select found.* from (
    select recorded_at, index from (
      select recorded_at, index from unnest($2::uuid[]) as wanted (key) cross join lateral (
        select recorded_at, index from entry
        where organization_id = $1::uuid and actor_key = wanted.key and ${inRange}) as by_actor
      union
      select recorded_at, index from unnest($3::uuid[]) as wanted (key) cross join lateral (
        select recorded_at, index from entry
        where organization_id = $1::uuid and entity_key = wanted.key and ${inRange}) as by_entity
      union
      (select distinct recorded_at, index from disclosure
        where organization_id = $1::uuid and subject_id = any ($4::text[]) and ${inRange})
    ) as theirs order by recorded_at, index limit $7::int
  ) as page cross join lateral (
    select log_id, index, recorded_at, disclosable, leaf from entry
    where organization_id = $1::uuid and recorded_at = page.recorded_at and index = page.index limit 1
  ) as found
  order by found.recorded_at, found.index`);

@Injectable()
export class ListEntriesOfPerson {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
  ) {}

  /** Oldest first. A page may have no entry where others follow. @param scanned sealed values, at most, that are looked through */
  list(
    organizationId: string,
    { subjects }: ReturnedPerson,
    { limit, after }: { readonly limit: number; readonly after: Position | null },
    scanned = SCANNED,
  ): Promise<{ readonly entries: EntryOfPerson[]; readonly next: Position | null }> {
    return this.database.forOrganization(organizationId, async (sql) => {
      const end = await this.endOfScan(sql, organizationId, after, scanned);
      const found = await this.find(sql, organizationId, subjects, { limit: limit + 1, after, end });
      const shown = found.slice(0, limit);
      const entries = await viewEntries(sql, this.vault, organizationId, shown, subjects);
      // A page of large entries has fewer of them.
      const last = found.length > entries.length ? found[entries.length - 1] : end;
      return {
        entries: entries.map((entry) => withoutOthers(entry, subjects)),
        next: last ? { recordedAt: instant(last.recorded_at).getTime(), index: Number(last.index) } : null,
      };
    });
  }

  /** Where the page ends at the latest, so that its statement takes no longer in a log of millions; null for the end of the log. */
  private async endOfScan(
    sql: Sql,
    organizationId: string,
    after: Position | null,
    scanned: number,
  ): Promise<Place | null> {
    const [end] = await sql.query<Place>(endOfScan, [organizationId, ...placeOf(after), scanned]);
    return end ?? null;
  }

  private async find(
    sql: Sql,
    organizationId: string,
    subjects: readonly string[],
    page: { readonly limit: number; readonly after: Position | null; readonly end: Place | null },
  ): Promise<EntryRow[]> {
    const { limit, after, end } = page;
    const keys = await searchKeys(this.vault, sql, organizationId);
    return sql.query<EntryRow>(entriesOfPerson, [
      organizationId,
      subjects.map((subject) => keys('actor', subject)),
      subjects.map((subject) => keys('entity', subject)),
      subjects,
      ...placeOf(after),
      limit,
      ...(end ? [end.recorded_at, end.index] : ['infinity', 0]),
    ]);
  }
}

type Place = Pick<EntryRow, 'recorded_at' | 'index'>;

function placeOf(after: Position | null): readonly [string, number] {
  return after ? [new Date(after.recordedAt).toISOString(), after.index] : ['-infinity', -1];
}

/** Members that hold ids of users, as our facts name them, which stand in the leaf in clear. */
const userFields = new Set([
  'subjects',
  ...everyContract().flatMap(({ schema }) =>
    schema instanceof z.ZodObject
      ? Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, field]) =>
          name === 'userId' || unwrapped(field) === userId ? [name] : [],
        )
      : [],
  ),
]);

function unwrapped(field: z.ZodType): z.ZodType {
  return field instanceof z.ZodNullable || field instanceof z.ZodOptional
    ? unwrapped(field.unwrap() as z.ZodType)
    : field;
}

/** Kinds of actors and entities whose ids are those of users. */
const people: readonly (string | null)[] = ['user', 'staff'];

/** Who else acted, or was acted upon, is about them: a random id, but whoever may list members knows whose. */
function withoutOthers(entry: EntryView, subjects: readonly string[]): EntryOfPerson {
  let withheld = entry.erased;
  const isOthers = (id: Json | undefined): boolean =>
    Array.isArray(id)
      ? (id as readonly Json[]).some((one) => isOthers(one))
      : typeof id === 'string' && isUuid(id) && !subjects.includes(id.toLowerCase());
  const own = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(own);
    return isJsonObject(value) ? ownMembers(value) : value;
  };
  const ownMembers = (object: JsonObject): JsonObject => {
    const all = Object.entries<Json>(object);
    // A legal hold names what it covers by type and id.
    const isOfUser = typeof object.entityType === 'string' && people.includes(object.entityType);
    const holdsUser = (name: string) => userFields.has(name) || (isOfUser && name === 'entityId');
    const kept = all.filter(([name, value]) => !holdsUser(name) || !isOthers(value));
    withheld += all.length - kept.length;
    return Object.fromEntries(kept.map(([name, value]) => [name, own(value)]));
  };
  const ownId = <Named extends EntryView['actor'] | null>(named: Named): Named => {
    if (named === null || !people.includes(named.type) || !isOthers(named.id ?? undefined)) return named;
    withheld += 1;
    return { ...named, id: null };
  };
  /** A path says whom it is about by an id, and not of what kind the id is. */
  const ownUrl = entry.url?.replaceAll(uuids, (id) => (isOthers(id) ? '***' : id)) ?? null;
  if (ownUrl !== entry.url) withheld += 1;
  const [kind = '', ...id] = entry.source.split(':');
  // What a session sends has the user as its source.
  const source = people.includes(kind) && isOthers(id.join(':')) ? kind : entry.source;
  const { erased: _, submitter: __, ...rest } = entry;
  const shown = {
    actor: ownId(entry.actor),
    entity: ownId(entry.entity),
    details: ownMembers(entry.details),
  };
  return { ...rest, ...shown, url: ownUrl, source, withheld };
}
