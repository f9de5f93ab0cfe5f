import type { Database } from '@vouchsafe/database';
import type { Tombstone } from '@vouchsafe/vault';
import type { Erasure } from './erasure.js';

/** What is remembered of an erasure outside of the database. */
export function tombstoneOf(erasure: Erasure): Tombstone {
  const { erasureId, organizationId } = erasure;
  const which = { erasureId, organizationId, requestedAt: erasure.requestedAt.toISOString() };
  return erasure.of === 'person'
    ? {
        ...{ ...which, userId: erasure.userId },
        ...{ organizations: [...erasure.organizations], subjects: [...erasure.subjects] },
      }
    : { ...which, erasedOrganizationId: erasure.erasedOrganizationId };
}

export function erasureOf({ requestedAt, ...tombstone }: Tombstone): Erasure {
  const at = { requestedAt: new Date(requestedAt) };
  return 'userId' in tombstone
    ? { of: 'person', ...tombstone, ...at }
    : { of: 'organization', ...tombstone, ...at };
}

/** Whether this service has destroyed the keys. */
export async function isCarriedOut(database: Database, { erasureId }: Erasure): Promise<boolean> {
  const found = await database.asWorker((sql) =>
    sql.query('select from erasure where erasure_id = $1 and destroyed_at is not null', [erasureId]),
  );
  return found.length > 0;
}

/** A tombstone is written before the key goes: where one is missing, the file is not the one that belongs to this database. */
export async function assertNoneIsMissing(
  database: Database,
  remembered: readonly Tombstone[],
): Promise<void> {
  const [found] = await database.asWorker((sql) =>
    sql.query<{ missing: number }>(
      `select count(*)::int as missing from erasure
       where destroyed_at is not null and not (erasure_id = any ($1::uuid[]))`,
      [remembered.map(({ erasureId }) => erasureId)],
    ),
  );
  const missing = found?.missing ?? 0;
  if (missing === 0) return;
  throw new Error(
    `VOUCHSAFE_TOMBSTONE_FILE lacks ${missing} erasures that were carried out in the database. ` +
      'With the wrong file, people who were erased after a backup would reappear when it is restored: provide the right file.',
  );
}
