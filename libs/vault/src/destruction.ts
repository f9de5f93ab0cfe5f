/** @promise P10, P31 destroys a person's keys and the organization's transit keys, and leaves a tombstone */
import { instant, one, prepared, type Sql } from '@vouchsafe/database';
import type { Holder } from './data-keys.js';
import { subjectHolder } from './scope.js';
import { destroyTransitKeys } from './transit-keys.js';

/** The commit comes a moment after this package has done its part, and the clocks of processes differ. */
const ALLOWANCE_MILLISECONDS = 5_000;

/** What a receipt of an erasure rests on. */
export interface Destruction {
  /** Key versions that this call removed; 0 where an earlier one had done it, or where no key was ever made. */
  readonly keysDestroyed: number;
  readonly erasedAt: Date;
  /** No process holds the opened key any more: a receipt is given from here on, not before. Repeated, it is later. */
  readonly effectiveFrom: Date;
}

export async function destroyKeys(
  sql: Sql,
  { organizationId, name }: Holder,
  { at, now, heldMilliseconds }: { readonly at: Date; readonly now: Date; readonly heldMilliseconds: number },
): Promise<Destruction> {
  // The tombstone first: its trigger waits for transactions that are making this key. The delete must be a statement of
  // its own, begun after that wait, or it would not see what they committed.
  await sql.query(
    `insert into vault_erased_key (organization_id, holder, erased_at) values ($1, $2, $3) on conflict do nothing`,
    [organizationId, name, at],
  );
  const destroyed = await sql.query(
    'delete from vault_data_key where organization_id = $1 and holder = $2 returning version',
    [organizationId, name],
  );
  // What is on the bus goes with what is stored, in one commit: whoever finds a transit key finds a subject's key as it was then.
  await destroyTransitKeys(sql, organizationId);
  const tombstone = await one<{ erased_at: string }>(
    sql,
    'select erased_at from vault_erased_key where organization_id = $1 and holder = $2',
    [organizationId, name],
  );
  return {
    keysDestroyed: destroyed.length,
    erasedAt: instant(tombstone.erased_at),
    // From now, not from `at`, which may be an older message's: until the commit others may still read the key.
    effectiveFrom: new Date(now.getTime() + heldMilliseconds + ALLOWANCE_MILLISECONDS),
  };
}

/**
 * From this commit on no key of the organization is made (P31). Makers under way are waited for; keys that are there go on sealing and
 * opening.
 * As `retention`; may be repeated.
 */
export async function refuseOrganization(sql: Sql, organizationId: string, at: Date): Promise<void> {
  await sql.query(
    `insert into vault_erased_organization (organization_id, erased_at) values ($1, $2) on conflict do nothing`,
    [organizationId, at],
  );
}

/** The organizations among these whose data is deleted, or is being deleted. */
export async function refusedAmong(sql: Sql, organizationIds: readonly string[]): Promise<Set<string>> {
  const rows = await sql.query<{ organization_id: string }>(
    prepared(
      'select organization_id from vault_erased_organization where organization_id = any ($1::uuid[])',
    ),
    [organizationIds],
  );
  return new Set(rows.map(({ organization_id: id }) => id));
}

/** Every key of an organization that is refused already. Tombstones of its people stay. As `retention`; may be repeated. */
export async function destroyOrganizationKeys(
  sql: Sql,
  organizationId: string,
  { now, heldMilliseconds }: { readonly now: Date; readonly heldMilliseconds: number },
): Promise<Destruction> {
  const refused = await one<{ erased_at: string }>(
    sql,
    'select erased_at from vault_erased_organization where organization_id = $1',
    [organizationId],
  );
  await destroyTransitKeys(sql, organizationId);
  const dataKeys = await sql.query(
    'delete from vault_data_key where organization_id = $1 returning version',
    [organizationId],
  );
  const organizationKeys = await sql.query(
    'delete from vault_organization_key where organization_id = $1 returning version',
    [organizationId],
  );
  return {
    keysDestroyed: dataKeys.length + organizationKeys.length,
    erasedAt: instant(refused.erased_at),
    effectiveFrom: new Date(now.getTime() + heldMilliseconds + ALLOWANCE_MILLISECONDS),
  };
}

/** How many key versions of these people there are, as `worker`. */
export async function subjectKeys(
  sql: Sql,
  organizations: readonly string[],
  subjects: readonly string[],
): Promise<number> {
  const holders = subjects.map((subjectId) => subjectHolder({ organizationId: '', subjectId }).name);
  const { keys } = await one<{ keys: number }>(
    sql,
    `select count(*)::int as keys from vault_data_key
     where organization_id = any ($1::uuid[]) and holder = any ($2::text[])`,
    [organizations, holders],
  );
  return keys;
}

/**
 * Which of the subjects are tombstoned as of now: asked of the database, never of keys that are held open.
 * @returns their ids
 */
export async function erasedAmong(
  sql: Sql,
  organizationId: string,
  subjectIds: readonly string[],
): Promise<string[]> {
  const names = new Map(
    subjectIds.map((subjectId) => [subjectHolder({ organizationId, subjectId }).name, subjectId]),
  );
  const rows = await sql.query<{ holder: string }>(
    'select holder from vault_erased_key where organization_id = $1 and holder = any ($2::text[])',
    [organizationId, [...names.keys()]],
  );
  return rows.flatMap(({ holder }) => names.get(holder) ?? []);
}
