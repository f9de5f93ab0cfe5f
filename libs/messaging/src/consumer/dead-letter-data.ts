import type { Contract } from '@vouchsafe/contracts';
import { instant, type Sql } from '@vouchsafe/database';
import { isErased, type PersonalField } from '@vouchsafe/event-sourcing';
import type { ArrivedFact } from '../cloud-events.js';
import { UnreadableFactError } from './facts.js';
import { type FactPosition, type DeadLetterRow, positionOf } from './dead-letter.js';
import type { DeadLetterQueue } from './dead-letter-queue.js';
import type { ReactionTable } from './react.js';
import { storedNames } from '../stored-names.js';

/**
 * Field by field under the subjects' keys, so that an erasure reaches dead letters too; by the marks of the version that the
 * message is written in, which its type says. Fields that the contract does not know are not kept: they could be personal. What does not
 * fit its contract has no known fields and is sealed whole, under the organization's key.
 */
export async function sealedFact(
  sql: Sql,
  { vault, group, table }: Omit<DeadLetterQueue, 'database'>,
  fact: ArrivedFact,
): Promise<object> {
  const contract = table.entry(fact.type)?.contract;
  const data = contract && readable(contract, fact);
  const context = contextOf(group, fact);
  return data
    ? { fields: await vault.sealFields(sql, fact.organizationId, contract.personal, data, context) }
    : { whole: await vault.seal(sql, ofOrganization(fact), context, fact.value) };
}

/** The fact as it arrived; values of people who were erased since read as `erased`. */
export async function openedFact(
  sql: Sql,
  { vault, group, table }: DeadLetterQueue,
  row: DeadLetterRow,
): Promise<ArrivedFact> {
  const position = positionOf(row);
  const context = contextOf(group, position);
  const value =
    'fields' in row.data
      ? JSON.stringify(
          await vault.openFields(sql, row.organization_id, sealedBy(table, row), row.data.fields, context),
        )
      : await vault.open(sql, ofOrganization(position), context, row.data.whole);
  return {
    ...position,
    kind: 'fact',
    id: row.message_id,
    type: row.type,
    versions: [row.type],
    time: instant(row.time),
    traceparent: row.traceparent ?? undefined,
    value: isErased(value) ? 'null' : value,
  };
}

/** Those of the version that the row was written in. Where no reaction knows it any more, the dead letter stays, and says so. */
function sealedBy(table: ReactionTable, { message_id: id, type }: DeadLetterRow): readonly PersonalField[] {
  const entry = table.entry(type);
  if (!entry) throw new UnreadableFactError({ id, type }, 'a version that is not taken here');
  return entry.contract.personal;
}

/** What the contract knows of a fact that fits it. */
function readable({ reader }: Contract, { value }: ArrivedFact): object | undefined {
  try {
    return reader.safeParse(JSON.parse(value)).data;
  } catch {
    return undefined;
  }
}

function ofOrganization({ organizationId }: FactPosition) {
  return { organizationId, subjectId: null };
}

function contextOf(group: string, { source, lane, number }: FactPosition): string[] {
  return [storedNames.deadLetter, group, source, String(lane), String(number), 'data'];
}
