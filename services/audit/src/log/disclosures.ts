import { prepared, type Sql } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import type { Vault } from '@vouchsafe/vault';
import { columns } from './columns.js';
import type { FreshEntry } from './fresh-entry.js';
import { disclosureContext } from './entry-location.js';

/** @returns rows of `disclosure`, and the entries whose person is erased */
export async function sealDisclosures(sql: Sql, vault: Vault, fresh: readonly FreshEntry[]) {
  const values = fresh.flatMap((one) => {
    const { entry, leaf, location, recorded } = one;
    return [...leaf.disclosures].map(([subjectId, disclosures]) => ({
      one,
      row: [entry.organizationId, location.logId, location.index, recorded, subjectId],
      scope: { organizationId: entry.organizationId, subjectId },
      context: disclosureContext(location),
      plaintext: disclosures.join(' '),
    }));
  });
  const sealed = await vault.sealMany(sql, values);
  // Of a person whose key is destroyed nothing is kept but the digests in the leaf (P10).
  const disclosures = values.flatMap(({ row }, i) => {
    const value = sealed[i];
    return value === undefined || isErased(value) ? [] : [[...row, value]];
  });
  const ofErased = new Set(
    values.flatMap(({ one, scope }, i) =>
      isErased(sealed[i]) && scope.subjectId === one.entry.subject ? [one] : [],
    ),
  );
  return { disclosures, ofErased };
}

export async function insertDisclosures(
  sql: Sql,
  rows: Awaited<ReturnType<typeof sealDisclosures>>['disclosures'],
): Promise<void> {
  if (rows.length === 0) return;
  await sql.query(
    prepared(`insert into disclosure (organization_id, log_id, index, recorded_at, subject_id, sealed)
     select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[])`),
    columns(rows, ['plain', 'plain', 'plain', 'plain', 'text', 'plain']),
  );
}
