/** @promise P31, P30 where lifecycle keeps data of customers */
import type { Database } from '@vouchsafe/database';
import {
  countRows,
  type DataStore,
  NO_PERSON,
  type PersonRemoval,
  rows,
  rowsOfOrganization,
} from '@vouchsafe/service-host';
import type { BodyStore } from './attachment/body-store.js';
import type { LifecycleReturned } from './return/lifecycle-returned.js';
import type { RemoveArchivesOfPerson } from './return/remove-archives-of-person.js';

/** Settings that name where bodies of attachments are. */
export const folders = ['VOUCHSAFE_FILES_FOLDER', 'VOUCHSAFE_ATTACHMENT_BUCKET'] as const;

/** Streams of purges are the operator's: they are what remains to be shown. */
export function lifecycleStores(
  database: Database,
  bodies: BodyStore,
  returned: LifecycleReturned,
  archives: RemoveArchivesOfPerson,
): readonly DataStore[] {
  return [
    rows(database, {
      ...{
        name: 'organizations',
        tables: ['organization', 'termination', 'certificate', 'uncounted_organization'],
        person: 'none',
      },
      about: { entities: ['organization'], times: false },
      returned: [returned.termination],
    }),
    returns(database, bodies, archives),
    attachments(database, bodies, returned),
    rows(database, {
      ...{ name: 'data-requests', tables: ['data_request'], person: ofRequest },
      keptBecause: 'shows-how-requests-were-answered',
      returned: [returned.requests],
      access: { tables: [returned.ofPerson.requests] },
      recordsOf: ({ organizations, userId }) =>
        countRows(
          database,
          'select from data_request where organization_id = any ($1::uuid[]) and user_id = $2',
          [organizations, userId],
        ),
    }),
    {
      ...{ name: 'purges', places: ['purge', 'certificate_key'], person: 'none' },
      ...{ organization: { kept: 'deletion-records' }, returned: { nothing: 'operator' }, access: NO_PERSON },
    },
    // That something was held, and until when, must be shown later.
    {
      ...{ name: 'legal-holds', places: ['legal_hold'], person: 'none' },
      ...{ organization: { kept: 'deletion-records' }, returned: [returned.holds], access: NO_PERSON },
    },
  ];
}

/** Parts of archives are in the store of bodies: what no row knows of them is an attachment's without a row. */
function returns(database: Database, bodies: BodyStore, archives: RemoveArchivesOfPerson): DataStore {
  const tables = rowsOfOrganization(database, ['return_part', 'data_return']);
  return {
    name: 'returns',
    places: ['data_return', 'return_part'],
    person: archives,
    ...{ returned: { nothing: 'derived' }, access: { nothing: 'derived' } },
    recordsOf: ({ organizations, userId }) =>
      countRows(
        database,
        `select from data_return where organization_id = any ($1::uuid[]) and user_id = $2
           and status in ('requested', 'assembling', 'failed', 'ready')`,
        [organizations, userId],
      ),
    expiring: {
      policy: 'return-archives',
      count: (organizationId, { at }) =>
        countRows(
          database,
          `select from data_return where organization_id = $1 and status = 'ready' and expires_at <= $2`,
          [organizationId, at],
        ),
    },
    organization: {
      count: (organizationId) => tables.count(organizationId),
      remove: async (organizationId, destroy) => {
        for (const attachmentId of await partsOf(database, organizationId))
          await destroy.outside(() => bodies.remove({ organizationId, attachmentId }));
        await tables.remove(organizationId, destroy);
      },
    },
  };
}

async function partsOf(database: Database, organizationId: string): Promise<string[]> {
  const parts = await database.asRetention((sql) =>
    sql.query<{ id: string }>('select part_id as id from return_part where organization_id = $1', [
      organizationId,
    ]),
  );
  return parts.map(({ id }) => id);
}

/** Rows and bodies, and bodies without a row: whatever the folder or the bucket has of the organization is counted and goes. */
function attachments(database: Database, bodies: BodyStore, returned: LifecycleReturned): DataStore {
  return {
    name: 'attachments',
    places: ['attachment', 'unknown_body', ...folders],
    person: 'sealed',
    returned: [returned.attachments],
    access: { tables: [returned.ofPerson.attachments] },
    recordsOf: ({ organizations, userId }) =>
      countRows(
        database,
        'select from attachment where organization_id = any ($1::uuid[]) and uploaded_by = $2',
        [organizations, userId],
      ),
    organization: {
      count: async (organizationId) => {
        const rows = await database.asRetention((sql) =>
          sql.query<{ id: string }>(
            `select attachment_id as id from attachment where organization_id = $1
             union select attachment_id from unknown_body where organization_id = $1`,
            [organizationId],
          ),
        );
        const ids = new Set(rows.map(({ id }) => id));
        for await (const { attachmentId } of bodies.list(organizationId)) ids.add(attachmentId);
        // Counted as returns.
        for (const id of await partsOf(database, organizationId)) ids.delete(id);
        return ids.size;
      },
      remove: async (organizationId, destroy) => {
        while (await destroy.outside(() => bodies.removeSome(organizationId)));
        await rowsOfOrganization(database, ['attachment', 'unknown_body']).remove(organizationId, destroy);
      },
    },
  };
}

/**
 * A request outlives the erasure that it asked for: it says of the person who asked no more than random ids, and what is sealed under keys of
 * its own. Its row goes when the request is retired, by an erasure under its own id.
 */
const ofRequest: PersonRemoval = {
  remove: async ({ subjects }, destroy) => {
    await destroy((sql) =>
      sql.query('delete from data_request where data_request_id = any ($1::uuid[])', [subjects]),
    );
  },
};
