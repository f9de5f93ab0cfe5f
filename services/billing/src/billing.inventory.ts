import { inventoryOf, type PersonalColumn, sharedColumns } from '@vouchsafe/service-host';
import { billingPublishing } from './billing.publishing.js';

/** Personal values in billing's own tables (P18). */
export const personalColumns: readonly PersonalColumn[] = [];

/** Columns of text and bytes in billing's own tables that hold no personal data, with the reason. */
export const impersonalColumns: Readonly<Record<string, string>> = {
  'customer.customer_id': 'random text of Stripe’s, for an organization',
};

/** Every personal field that billing stores or publishes. */
export const billingInventory = inventoryOf({
  service: 'billing',
  publishing: billingPublishing,
  columns: [...personalColumns, ...sharedColumns],
});
