/** @promise P31 where lifecycle keeps data of customers */
import type { Database } from '@vouchsafe/database';
import { type DataStore, rows } from '@vouchsafe/service-host';

/** Streams of purges are the operator's: they are what remains to be shown. */
export function lifecycleStores(database: Database): readonly DataStore[] {
  return [
    rows(database, {
      ...{ name: 'organizations', tables: ['organization', 'termination'], person: 'none' },
      about: { entities: ['organization'], times: false },
    }),
    // That something was held, and until when, must be shown later.
    {
      name: 'legal-holds',
      places: ['legal_hold'],
      person: 'none',
      organization: { kept: 'deletion-records' },
    },
  ];
}
