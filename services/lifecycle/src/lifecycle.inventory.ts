import { inventoryOf, type PersonalColumn, sharedColumns } from '@vouchsafe/service-host';
import { lifecyclePublishing } from './lifecycle.publishing.js';

/** Personal values in lifecycle's own tables (P18). */
export const personalColumns: readonly PersonalColumn[] = [];

/** Columns of text and bytes in lifecycle's own tables that hold no personal data, with the reason. */
export const impersonalColumns: Readonly<Record<string, string>> = {
  'organization.name': "the customer's name",
  'legal_hold.status': 'one of a closed set',
};

/** Every personal field that lifecycle stores or publishes. */
export const lifecycleInventory = inventoryOf({
  service: 'lifecycle',
  publishing: lifecyclePublishing,
  columns: [...personalColumns, ...sharedColumns],
});
