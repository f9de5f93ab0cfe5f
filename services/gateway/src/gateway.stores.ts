/** @promise P31 where the gateway keeps data of customers */
import type { Database } from '@vouchsafe/database';
import { type DataStore, rows } from '@vouchsafe/service-host';

/** Entries whose requests are under way, or were cut off; the others are events. */
export function gatewayStores(database: Database): readonly DataStore[] {
  return [
    rows(database, {
      ...{ name: 'open-entries', tables: ['open_entry'], person: 'sealed' },
      // Of requests that have ended the log says it.
      ...{ returned: { nothing: 'derived' }, access: { nothing: 'derived' } },
    }),
  ];
}
