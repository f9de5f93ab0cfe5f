import { inventoryOf, type PersonalColumn, sharedColumns } from '@vouchsafe/service-host';
import { auditPublishing } from './audit.publishing.js';

/** Personal values in audit's own tables (P18). */
export const personalColumns: readonly PersonalColumn[] = [
  {
    table: 'disclosure',
    column: 'sealed',
    holds:
      'values that an entry holds as digests: IP address, URL, user agent, and ids and details from outside',
    purpose: 'audit-trail',
    form: 'sealed',
    policies: ['audit-log'],
  },
  {
    table: 'entry',
    column: 'leaf',
    holds: 'salted digests of the disclosures: without the salt, values cannot be guessed',
    purpose: 'audit-trail',
    form: 'hashed',
    policies: ['audit-log'],
  },
  ...['actor', 'entity', 'source', 'request'].map((what) => ({
    table: 'entry',
    column: `${what}_key`,
    holds: `keyed hash of the ${what}, to search by`,
    purpose: 'audit-trail' as const,
    form: 'hashed' as const,
    policies: ['audit-log'] as const,
  })),
  {
    table: 'export',
    column: 'sealed_request',
    holds: 'filter and reason of a forensic export',
    purpose: 'audit-trail',
    form: 'sealed',
    policies: ['forensic-exports'],
  },
  {
    table: 'reader',
    column: 'sealed_name',
    holds: 'name of an auditor who was given a path',
    purpose: 'security',
    form: 'sealed',
    policies: ['ended-organizations'],
  },
];

/** Columns of text and bytes in audit's own tables that hold no personal data, with the reason. */
export const impersonalColumns: Readonly<Record<string, string>> = {
  'checkpoint.note': 'sizes, roots and signatures',
  'disclosure.subject_id': 'random id',
  'entry.entity_type': 'one of a closed set',
  'entry.operation': 'one of a closed set',
  'entry.provenance': 'one of a closed set',
  'entry.source': 'the name of a service, or of a source that an administrator chose',
  'entry.submitter_id': 'random id',
  'entry.submitter_type': 'one of a closed set',
  'entry.outcome': 'one of a closed set',
  'entry.words': 'words of the unencrypted values: the operation, and kinds of entities',
  'export.expired_because': 'one of a closed set',
  'export.failed_because': "an error's code",
  'export.requested_by': 'random id',
  'export.sealed_key': "the key of a bundle's file, encrypted",
  'export.status': 'one of a closed set',
  'export_subject.subject_id': 'random id',
  'log.origin': 'a configured name and a random id',
  'log.right_edge': 'hashes of hashes',
  'reader.created_by': 'random id',
  'reader.token_hash': 'hash of random bits',
  'retention.purpose': 'one of a closed set',
  'retention_run.purpose': 'one of a closed set',
  'signing_key.name': 'a configured name and a random id',
  'signing_key.sealed_seed': 'a key, encrypted',
  'signing_key.vkey': 'a public key',
  'tile.hashes': 'hashes of leaves',
};

/** Every personal field that audit stores or publishes. */
export const auditInventory = inventoryOf({
  service: 'audit',
  publishing: auditPublishing,
  columns: [...personalColumns, ...sharedColumns],
});
