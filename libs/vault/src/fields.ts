import type { Sql } from '@vouchsafe/database';
import { ERASED, isErased, type PersonalField } from '@vouchsafe/event-sourcing';
import { type DataKeys, type Holder, holderId } from './data-keys.js';
import { type PersonalValue, personalValues } from './personal-values.js';
import { type Context, type Scope, subjectHolder } from './scope.js';
import { openValues, sealValues } from './values.js';
import { VaultError } from './vault-error.js';

/** A piece of data (an event's, a contract's) whose personal fields are sealed or opened. */
export interface DataWithFields {
  readonly organizationId: string;
  readonly fields: readonly PersonalField[];
  readonly data: object;
  readonly context: Context;
}

export async function sealAllFields(
  sql: Sql,
  dataKeys: DataKeys,
  items: readonly DataWithFields[],
  now: Date,
): Promise<object[]> {
  const { copies, values } = locate(items);
  await sealLocated(sql, dataKeys, values, now);
  return copies;
}

async function sealLocated(
  sql: Sql,
  dataKeys: DataKeys,
  values: readonly LocatedValue[],
  now: Date,
): Promise<void> {
  const sealed = await sealValues(
    sql,
    dataKeys,
    values.map(({ value, scope, context }) => ({ scope, context, plaintext: JSON.stringify(value) })),
    now,
  );
  sealed.forEach((result, index) => values[index]?.replace(isErased(result) ? ERASED : { sealed: result }));
}

export async function openAllFields(
  sql: Sql,
  dataKeys: DataKeys,
  items: readonly DataWithFields[],
): Promise<object[]> {
  const { copies, values } = locate(items);
  const sealed: (LocatedValue & { readonly sealed: string })[] = [];
  const clear: LocatedValue[] = [];
  for (const value of values) {
    if (isSealedField(value.value)) sealed.push({ ...value, sealed: value.value.sealed });
    else if (value.mayBeClear) clear.push(value);
    else {
      const { organizationId } = value.scope;
      throw new VaultError('value-malformed', `A personal field of ${organizationId} is not sealed`);
    }
  }
  const opened = await openValues(sql, dataKeys, sealed);
  opened.forEach((result, index) => sealed[index]?.replace(isErased(result) ? ERASED : parsed(result)));
  await eraseClear(sql, dataKeys, clear);
  return copies;
}

/** A clear value of a subject whose key was destroyed reads as `ERASED`, like a sealed one (P10). */
async function eraseClear(sql: Sql, dataKeys: DataKeys, clear: readonly LocatedValue[]): Promise<void> {
  const held = clear.flatMap(({ scope, replace }) =>
    scope.subjectId === null
      ? []
      : [{ holder: subjectHolder({ ...scope, subjectId: scope.subjectId }), replace }],
  );
  if (held.length === 0) return;
  const rings = await dataKeys.find(
    sql,
    held.map(({ holder }) => holder),
  );
  for (const { holder, replace } of held) if (isErased(rings.get(holderId(holder)))) replace(ERASED);
}

/** As `sealAllFields`, of the values that stand in clear: what is sealed or erased stays as it is. */
export async function sealClearFields(
  sql: Sql,
  dataKeys: DataKeys,
  items: readonly DataWithFields[],
  now: Date,
): Promise<object[]> {
  const { copies, values } = locate(items);
  await sealLocated(
    sql,
    dataKeys,
    values.filter(({ value, mayBeClear }) => mayBeClear && !isSealedField(value)),
    now,
  );
  return copies;
}

/** Ids of the subjects of whom a value stands in clear. */
export function subjectsInClear({ fields, data }: Pick<DataWithFields, 'fields' | 'data'>): Set<string> {
  const values = personalValues(fields, data);
  return new Set(
    values.flatMap(({ subjectId, mayBeClear, value }) =>
      mayBeClear && subjectId !== null && !isSealedField(value) ? [subjectId] : [],
    ),
  );
}

/**
 * The data as it was, or a copy in which what is personal to an erased subject is `ERASED`: nothing is sealed, and nothing
 * copied of those whom nobody erased.
 */
export async function withoutErasedFields(
  sql: Sql,
  dataKeys: DataKeys,
  items: readonly Omit<DataWithFields, 'context'>[],
): Promise<object[]> {
  const held = items.map(({ organizationId, fields, data }) =>
    personalValues(fields, data).flatMap(({ subjectId }) =>
      subjectId === null ? [] : [subjectHolder({ organizationId, subjectId })],
    ),
  );
  const rings = await dataKeys.find(sql, held.flat());
  const isErasedHolder = (holder: Holder): boolean => isErased(rings.get(holderId(holder)));
  return items.map(({ organizationId, fields, data }, i) => {
    if (!held[i]?.some(isErasedHolder)) return data;
    const copy = structuredClone(data);
    for (const { subjectId, replace } of personalValues(fields, copy)) {
      if (subjectId !== null && isErasedHolder(subjectHolder({ organizationId, subjectId }))) replace(ERASED);
    }
    return copy;
  });
}

/** A personal value as it is stored. */
function isSealedField(value: unknown): value is { readonly sealed: string } {
  return typeof value === 'object' && value !== null && 'sealed' in value && typeof value.sealed === 'string';
}

function parsed(plaintext: string): unknown {
  try {
    return JSON.parse(plaintext);
  } catch {
    // The parser's own message quotes the text.
    throw new VaultError('value-malformed', 'The opened value of a personal field is not JSON');
  }
}

type LocatedValue = Pick<PersonalValue, 'value' | 'mayBeClear' | 'replace'> & {
  readonly scope: Scope;
  readonly context: Context;
};

/** Copies of the data that has personal fields, and every personal value in them with the path that its associated data binds. */
function locate(items: readonly DataWithFields[]) {
  const located = items.map(({ organizationId, fields, data, context }) => {
    if (fields.length === 0) return { copy: data, values: [] };
    const copy = structuredClone(data);
    const values = personalValues(fields, copy).map(
      ({ value, subjectId, path, mayBeClear, replace }): LocatedValue => ({
        ...{ value, mayBeClear, replace },
        scope: { organizationId, subjectId },
        context: [...context, path],
      }),
    );
    return { copy, values };
  });
  return {
    copies: located.map(({ copy }) => copy),
    values: located.flatMap(({ values }) => values),
  };
}
