import type { Database } from '@vouchsafe/database';
import type { Ledger, Tombstone } from '@vouchsafe/vault';
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

/**
 * Whether a person's organization was deleted after the person: the record of the erasure went with it. To repeat the erasure would leave rows
 * of an organization of which nothing is to be left (P31).
 */
export async function wentWithOrganization(database: Database, erasure: Erasure): Promise<boolean> {
  if (erasure.of === 'organization') return false;
  const { organizationId, requestedAt } = erasure;
  const found = await database.asWorker((sql) =>
    sql.query('select from erasure where erased_organization_id = $1 and destroyed_at >= $2', [
      organizationId,
      requestedAt,
    ]),
  );
  return found.length > 0;
}

/** A tombstone is written before the key goes, and a hold before it is confirmed: where one is missing, the file is another database's. */
export async function assertNoneIsMissing(
  database: Database,
  { tombstones, intended, holds, released }: Ledger,
): Promise<void> {
  const [found] = await database.asWorker((sql) =>
    sql.query<{ erasures: number; holds: number }>(
      `select
         (select count(*)::int from erasure
          where destroyed_at is not null and not (erasure_id = any ($1::uuid[]))) as erasures,
         (select count(*)::int from hold
          where (confirmed_at is not null and not (hold_id = any ($2::uuid[])))
            or (released_at is not null and not (hold_id = any ($3::uuid[])))) as holds`,
      [
        [...tombstones, ...intended].map(({ erasureId }) => erasureId),
        holds.map(({ holdId }) => holdId),
        [...released],
      ],
    ),
  );
  const missing = [
    ...(found?.erasures ? [`${found.erasures} erasures that were carried out in the database`] : []),
    ...(found?.holds ? [`${found.holds} legal holds that are in the database`] : []),
  ];
  if (missing.length === 0) return;
  throw new Error(
    `VOUCHSAFE_TOMBSTONE_FILE lacks ${missing.join(' and ')}. With the wrong file, people who were erased after a backup would reappear ` +
      'when it is restored, and what is held would be deleted: provide the right file.',
  );
}
