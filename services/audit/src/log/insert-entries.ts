import { prepared, type Sql } from '@vouchsafe/database';
import { columns } from './columns.js';
import type { FreshEntry } from './fresh-entry.js';
import { sourceIpKey } from './search-keys.js';

export async function insertEntries(
  sql: Sql,
  fresh: readonly FreshEntry[],
  ofErased: ReadonlySet<FreshEntry>,
): Promise<void> {
  await sql.query(
    prepared(`insert into entry (organization_id, log_id, index, recorded_at, occurred_at, operation, outcome, entity_type,
       actor_key, entity_key, source_key, request_key, provenance, submitter_type, submitter_id, source, words, disclosable, leaf)
     select organization_id, log_id, index, recorded_at, occurred_at, operation, outcome, entity_type,
       actor_key, entity_key, source_key, request_key, provenance, submitter_type, submitter_id, source,
       string_to_array(words, ' '), disclosable, leaf
     from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
       $9::uuid[], $10::uuid[], $11::uuid[], $12::uuid[], $13::text[], $14::text[], $15::text[], $16::text[],
       $17::text[], $18::smallint[], $19::bytea[])
       as fresh (organization_id, log_id, index, recorded_at, occurred_at, operation, outcome, entity_type,
       actor_key, entity_key, source_key, request_key, provenance, submitter_type, submitter_id, source,
       words, disclosable, leaf)`),
    columns(
      fresh.map((one) => {
        const { entry, leaf, location } = one;
        return [
          entry.organizationId,
          location.logId,
          location.index,
          one.recorded,
          one.occurred,
          entry.operation,
          entry.outcome,
          entry.entity?.type ?? null,
          ...searchColumns(one, ofErased.has(one)),
          ...[entry.provenance, entry.submitter.type, entry.submitter.id, entry.source],
          leaf.words.join(' '),
          leaf.disclosable,
          leaf.bytes,
        ];
      }),
      ENTRY_COLUMNS,
    ),
  );
}

const ENTRY_COLUMNS = [
  ...(['plain', 'plain', 'plain', 'plain', 'plain'] as const),
  ...(['text', 'text', 'text', 'plain', 'plain', 'plain', 'plain'] as const),
  ...(['text', 'text', 'text', 'text'] as const),
  ...(['text', 'plain', 'bytes'] as const),
];

/** Of an erased person only what stands in the leaf in clear is searched by (P10). */
function searchColumns({ entry, keys }: FreshEntry, erased: boolean): (string | null)[] {
  const searched = (path: 'actor.id' | 'entity.id' | 'sourceIp' | 'requestId', key: () => string | null) =>
    erased && !entry.clear.has(path) ? null : key();
  const { entity, requestId } = entry;
  return [
    searched('actor.id', () => keys('actor', entry.actor.id)),
    searched('entity.id', () => (entity?.id == null ? null : keys('entity', entity.id))),
    searched('sourceIp', () => sourceIpKey(keys, entry.sourceIp)),
    searched('requestId', () => (requestId === null ? null : keys('request', requestId))),
  ];
}
