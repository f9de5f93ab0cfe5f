/** @promise P31 where lifecycle keeps data of customers */
import type { Database } from '@vouchsafe/database';
import { type DataStore, rows, rowsOfOrganization } from '@vouchsafe/service-host';
import type { BodyStore } from './attachment/body-store.js';

/** Settings that name where bodies of attachments are. */
export const folders = ['VOUCHSAFE_FILES_FOLDER', 'VOUCHSAFE_ATTACHMENT_BUCKET'] as const;

/** Streams of purges are the operator's: they are what remains to be shown. */
export function lifecycleStores(database: Database, bodies: BodyStore): readonly DataStore[] {
  return [
    rows(database, {
      ...{ name: 'organizations', tables: ['organization', 'termination', 'certificate'], person: 'none' },
      about: { entities: ['organization'], times: false },
    }),
    attachments(database, bodies),
    {
      ...{ name: 'purges', places: ['purge', 'certificate_key'], person: 'none' },
      organization: { kept: 'deletion-records' },
    },
    // That something was held, and until when, must be shown later.
    {
      ...{ name: 'legal-holds', places: ['legal_hold'], person: 'none' },
      organization: { kept: 'deletion-records' },
    },
  ];
}

/** Rows and bodies, and bodies without a row: whatever the folder or the bucket has of the organization is counted and goes. */
function attachments(database: Database, bodies: BodyStore): DataStore {
  return {
    name: 'attachments',
    places: ['attachment', 'unknown_body', ...folders],
    person: 'sealed',
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
        return ids.size;
      },
      remove: async (organizationId, destroy) => {
        while (await destroy.outside(() => bodies.removeSome(organizationId)));
        await rowsOfOrganization(database, ['attachment', 'unknown_body']).remove(organizationId, destroy);
      },
    },
  };
}
