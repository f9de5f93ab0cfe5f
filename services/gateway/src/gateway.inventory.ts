import { inventoryOf, type PersonalColumn, sharedColumns } from '@vouchsafe/service-host';
import { gatewayPublishing } from './gateway.publishing.js';

/** Personal values in the gateway's own tables (P18); the access log itself stands in the inventory by its event's fields. */
export const personalColumns: readonly PersonalColumn[] = [
  {
    table: 'open_entry',
    column: 'entry',
    holds: 'IP address, URL and user agent of a request whose outcome is not known yet',
    purpose: 'audit-trail',
    form: 'sealed',
    policies: ['open-entries'],
  },
];

/** Columns of text and bytes in the gateway's own tables that hold no personal data, with the reason. */
export const impersonalColumns: Readonly<Record<string, string>> = {
  'open_entry.request_id': 'random',
  'open_entry.envelope': 'random ids and a time',
};

/** Every personal field that the gateway stores or publishes. */
export const gatewayInventory = inventoryOf({
  service: 'gateway',
  publishing: gatewayPublishing,
  columns: [...personalColumns, ...sharedColumns],
});
