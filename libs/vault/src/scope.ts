import { associatedData } from './aead.js';
import type { Holder } from './data-keys.js';
import { storedNames } from './stored-names.js';

/** Whose key seals a value; `null` where nobody is known: then the organization's key of the month. */
export interface Scope {
  readonly organizationId: string;
  readonly subjectId: string | null;
}

/** The scope of a known person. */
export interface SubjectScope extends Scope {
  readonly subjectId: string;
}

/**
 * What a value is bound to: stream, version, event type and field, or table, row and column. Bound as associated data, so the value
 * opens nowhere else.
 */
export type Context = readonly string[];

export function subjectHolder({ organizationId, subjectId }: SubjectScope): Holder {
  if (subjectId === '') throw new Error('A subject has an id; use null where nobody is known');
  return { organizationId: organizationId.toLowerCase(), name: `subject:${subjectId}` };
}

/** @param month `2026-11` */
export function monthHolder(organizationId: string, month: string): Holder {
  return { organizationId: organizationId.toLowerCase(), name: `month:${month}` };
}

export function lookUpHolder(organizationId: string): Holder {
  return { organizationId: organizationId.toLowerCase(), name: storedNames.lookUp };
}

export function valueAssociatedData(
  { organizationId, name }: Holder,
  keyVersion: string,
  context: Context,
): Buffer {
  return associatedData([storedNames.value, organizationId, name, keyVersion, ...context]);
}
