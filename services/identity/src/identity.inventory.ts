import { inventoryOf, sharedColumns } from '@vouchsafe/service-host';
import { personalColumns } from './data-inventory/personal-columns.js';
import { identityPublishing } from './identity.publishing.js';

/** Every personal field that identity stores or publishes (P18); `GET /v1/data-inventory` shows its golden file. */
export const identityInventory = inventoryOf({
  service: 'identity',
  publishing: identityPublishing,
  columns: [...personalColumns, ...sharedColumns],
  events: {
    'user-registered': ['sealed-events', 'unverified-sign-ups', 'unused-accounts'],
    'user-renamed': ['sealed-events', 'unused-accounts'],
    'consent-recorded': ['sealed-events', 'unverified-sign-ups', 'unused-accounts'],
    'invitation-created': ['sealed-events', 'unused-invitations'],
  },
});
