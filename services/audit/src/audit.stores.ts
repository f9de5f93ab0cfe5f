/** @promise P10, P30, P31 where audit keeps data of customers */
import type { Database } from '@vouchsafe/database';
import { type DataStore, NO_PERSON, rows } from '@vouchsafe/service-host';
import type { AuditReturned } from './audit.returned.js';
import type { RemoveLog } from './erasure/remove-log.js';
import type { RemovePerson } from './erasure/remove-person.js';
import type { RemoveBundles } from './export/remove-bundles.js';
import type { ExpiringEntries } from './retention/expiring-entries.js';

/** In the order in which an organization is removed: its log is closed first, and its private key goes when the last checkpoint is signed. */
export function auditStores(
  database: Database,
  person: RemovePerson,
  log: RemoveLog,
  bundles: RemoveBundles,
  returned: AuditReturned,
  expiring: ExpiringEntries,
): readonly DataStore[] {
  return [
    {
      name: 'entries',
      places: ['submission', 'disclosure', 'entry', 'entry_bundle'],
      person,
      recordsOf: (erasure) => person.count(erasure),
      grows: true,
      organization: log.entries,
      expiring,
      returned: [returned.entries],
      access: { tables: [returned.entriesOfPerson] },
    },
    {
      name: 'exports',
      places: ['export_subject', 'export', EXPORTS],
      person: bundles.ofPerson,
      organization: bundles.ofOrganization,
      ...{ returned: { nothing: 'derived' }, access: { nothing: 'derived' } },
    },
    // Auditors are no users: what is kept of one is a name, sealed by the organization's key, and what opens the log for them.
    rows(database, {
      ...{ name: 'readers', tables: ['reader'], person: 'none' },
      returned: { nothing: 'secret' },
    }),
    rows(database, {
      ...{ name: 'volume', tables: ['entry_volume'], person: 'none' },
      returned: { nothing: 'technical' },
    }),
    rows(database, {
      name: 'retention-runs',
      tables: ['expired_range', 'retention_run', 'retention'],
      person: 'none',
      returned: { nothing: 'technical' },
    }),
    {
      ...{ name: 'checkpoints', places: ['checkpoint'], person: 'none' },
      ...{ organization: log.checkpoints, returned: { nothing: 'forensic-export' }, access: NO_PERSON },
    },
    {
      ...{ name: 'signing-keys', places: ['signing_key'], person: 'none' },
      ...{ organization: log.signingKeys, returned: { nothing: 'secret' }, access: NO_PERSON },
    },
    {
      ...{ name: 'hash-tiles', places: ['log', 'tile'], person: 'none' },
      ...{ organization: { kept: 'hash-tiles' }, returned: { nothing: 'forensic-export' } },
      access: NO_PERSON,
    },
  ];
}

/** The setting that names the folder of bundles. */
export const EXPORTS = 'VOUCHSAFE_FILES_FOLDER';
