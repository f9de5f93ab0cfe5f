import { inventoryOf, sharedColumns } from '@vouchsafe/service-host';
import { personalColumns } from './data-inventory/personal-columns.js';
import { identityPublishing } from './identity.publishing.js';

/** Every personal field that this service keeps or tells (P18); its golden file is what `GET /v1/data-inventory` shows. */
export const identityInventory = inventoryOf({
  service: 'identity',
  publishing: identityPublishing,
  columns: [...personalColumns, ...sharedColumns],
});
