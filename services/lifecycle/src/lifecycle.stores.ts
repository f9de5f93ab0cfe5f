/** @promise P31 where lifecycle keeps data of customers */
import type { Database } from '@vouchsafe/database';
import { type DataStore, rows, rowsOfOrganization } from '@vouchsafe/service-host';
import type { BodyStore } from './attachment/body-store.js';

/** Settings that name where bodies of attachments are. */
export const folders = ['VOUCHSAFE_FILES_FOLDER', 'VOUCHSAFE_ATTACHMENT_BUCKET'] as const;

/** Streams of purges are the operator's: they are what remains to be shown. */
export function lifecycleStores(database: Database, bodies: BodyStore): readonly DataStore[] {
  return [
    rows(database, { name: 'organizations', tables: ['organization', 'termination'], person: 'none' }),
    attachments(database, bodies),
  ];
}

/** Rows and bodies, and bodies without a row: whatever the folder or the bucket has of the organization is counted and goes. */
function attachments(database: Database, bodies: BodyStore): DataStore {
  const inTable = rowsOfOrganization(database, ['attachment']);
  return {
    name: 'attachments',
    places: ['attachment', ...folders],
    person: 'sealed',
    organization: {
      count: async (organizationId) => {
        let count = await inTable.count(organizationId);
        for await (const _ of bodies.list(organizationId)) count += 1;
        return count;
      },
      remove: async (organizationId) => {
        for await (const id of bodies.list(organizationId)) await bodies.remove(id);
        await inTable.remove(organizationId);
      },
    },
  };
}
