import { instant, type Sql } from '@vouchsafe/database';
import { isErased, type PersonalField } from '@vouchsafe/event-sourcing';
import type { ArrivedFact } from '../cloud-events.js';
import { type FactPlace, type ParkedRow, placeOf } from './parked-message.js';
import type { Parking } from './parking.js';
import type { ReactionTable } from './react.js';

/**
 * Field by field under the subjects' keys, so that an erasure reaches parked messages too. What does not fit its contract has no
 * known fields and is sealed whole, under the organization's key.
 */
export async function sealedFact(
  sql: Sql,
  { vault, group, table }: Omit<Parking, 'database'>,
  fact: ArrivedFact,
): Promise<object> {
  const fields = readableFields(table, fact);
  const context = contextOf(group, fact);
  if (fields) {
    const data = JSON.parse(fact.value) as object;
    return { fields: await vault.sealFields(sql, fact.organizationId, fields, data, context) };
  }
  return { whole: await vault.seal(sql, ofOrganization(fact), context, fact.value) };
}

/** The fact as it arrived, with `erased` in the place of whom the vault has forgotten since. */
export async function openedFact(
  sql: Sql,
  { vault, group, table }: Parking,
  row: ParkedRow,
): Promise<ArrivedFact> {
  const place = placeOf(row);
  const context = contextOf(group, place);
  const value =
    'fields' in row.data
      ? JSON.stringify(
          await vault.openFields(
            sql,
            row.organization_id,
            table.get(row.type)?.contract.personal ?? [],
            row.data.fields,
            context,
          ),
        )
      : await vault.open(sql, ofOrganization(place), context, row.data.whole);
  return {
    ...place,
    kind: 'fact',
    id: row.message_id,
    type: row.type,
    time: instant(row.time),
    traceparent: row.traceparent ?? undefined,
    value: isErased(value) ? 'null' : value,
  };
}

/** The personal fields of a fact that fits its contract. */
function readableFields(table: ReactionTable, fact: ArrivedFact): readonly PersonalField[] | undefined {
  const contract = table.get(fact.type)?.contract;
  try {
    return contract?.schema.safeParse(JSON.parse(fact.value)).success ? contract.personal : undefined;
  } catch {
    return undefined;
  }
}

function ofOrganization({ organizationId }: FactPlace) {
  return { organizationId, subjectId: null };
}

function contextOf(group: string, { source, lane, number }: FactPlace): string[] {
  return ['parked-message', group, source, String(lane), String(number), 'data'];
}
