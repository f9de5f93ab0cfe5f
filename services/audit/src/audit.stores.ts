/** @promise P10, P31 where audit keeps data of customers */
import type { Database } from '@vouchsafe/database';
import { type DataStore, rows } from '@vouchsafe/service-host';
import type { RemovePerson } from './erasure/remove-person.js';

export function auditStores(database: Database, person: RemovePerson): readonly DataStore[] {
  return [rows(database, { name: 'entries', tables: ['submission', 'disclosure', 'entry'], person })];
}
