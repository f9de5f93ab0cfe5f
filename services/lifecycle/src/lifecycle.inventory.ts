import { inventoryOf, type PersonalColumn, sharedColumns } from '@vouchsafe/service-host';
import { lifecyclePublishing } from './lifecycle.publishing.js';

/** Personal values in lifecycle's own tables (P18). */
export const personalColumns: readonly PersonalColumn[] = [
  {
    table: 'attachment',
    column: 'name_sealed',
    holds: 'name of a file',
    purpose: 'contract',
    form: 'sealed',
    policies: ['attachments'],
  },
  {
    table: 'data_request',
    column: 'contact_hash',
    holds: 'email address of a person without an account',
    purpose: 'communication',
    form: 'hashed',
    policies: ['unconfirmed-requests'],
  },
];

/** Columns of text and bytes in lifecycle's own tables that hold no personal data, with the reason. */
export const impersonalColumns: Readonly<Record<string, string>> = {
  'organization.name': "the customer's name",
  'certificate.note': 'random ids, counts and times of an organization',
  'certificate_key.vkey': 'a public key',
  'certificate_key.name': 'a configured name',
  'certificate_key.sealed_seed': 'a key, encrypted',
  'attachment.status': 'of a closed set',
  'attachment.media_type': 'a media type',
  'attachment.sha256': 'digest of a file of an organization',
  'attachment.key_sealed': 'a key of an organization, sealed',
  'legal_hold.status': 'one of a closed set',
  'data_return.status': 'one of a closed set',
  'data_return.plan': 'names of tables and columns',
  'data_return.position': 'random ids and times of an organization',
  'data_return.subjects': 'random ids',
  'return_part.status': 'one of a closed set',
  'return_part.sha256': 'digest of an archive of an organization',
  'return_part.key_sealed': 'a key of an organization or a person, sealed',
  'uncounted_organization.measure': 'one of a closed set',
  'statistics.month': 'a month',
  'statistics.figures': 'counts of at least ten organizations',
  'data_request.kind': 'one of a closed set',
  'data_request.status': 'one of a closed set',
  'data_request.receipt': 'random ids and times of an erasure',
};

/** The reason of a hold is sealed by a key of the hold's own, in the operator's organization, which does not end. */
const HELD = 'without end: that data was held, and why, must be shown later';

/** Every personal field that lifecycle stores or publishes. */
export const lifecycleInventory = inventoryOf({
  service: 'lifecycle',
  publishing: lifecyclePublishing,
  columns: [...personalColumns, ...sharedColumns],
  events: {
    'hold-placed': HELD,
    'hold-reviewed': HELD,
    'hold-release-requested': HELD,
    'data-request-entered': ['closed-requests'],
    'data-request-received': ['closed-requests'],
    'data-request-refused': ['closed-requests'],
    'data-request-extended': ['closed-requests'],
    'data-request-fulfilled': ['closed-requests'],
    'data-request-recipients-notified': ['closed-requests'],
    'data-request-lifting-announced': ['closed-requests'],
  },
});
