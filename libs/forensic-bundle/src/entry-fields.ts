import { canonicalJson, isJsonObject, type Json, type JsonObject } from '@vouchsafe/transparency-log';

/** What rows in CSV and OCSF say beside the entry itself. */
export type EntryMarks = {
  readonly logId: string;
  readonly index: number;
  readonly undisclosed: number;
  readonly erased: boolean;
  readonly held: boolean;
};

/** What of an opened entry has a place of its own in CSV and OCSF; '' where it says nothing, or no text. */
export type EntryFields = {
  readonly recordedAt: string;
  readonly occurredAt: string;
  readonly id: string;
  readonly source: string;
  readonly submitter: Named;
  readonly provenance: string;
  readonly actor: Named;
  readonly operation: string;
  readonly entity: Named;
  readonly outcome: string;
  readonly sourceIp: string;
  readonly url: string;
  readonly userAgent: string;
  readonly requestId: string;
  /** Canonical JSON of `details`, and of all members that have no place of their own. */
  readonly details: string;
  readonly other: string;
};

export type Named = { readonly type: string; readonly id: string };

/** docs/formats.md 'CSV': which members have columns, and what stands in `other`. */
export function fieldsOf(entry: JsonObject): EntryFields {
  const { actor, submitter, entity, details } = entry;
  const other: [string, Json][] = [];
  for (const name of Object.keys(entry)) {
    const value = entry[name] as Json;
    if (!hasOwnColumns(name, value)) other.push([name, value]);
  }
  const source = textOf(entry.source);
  return {
    recordedAt: textOf(entry.recordedAt),
    occurredAt: textOf(entry.occurredAt),
    id: textOf(entry.id),
    source,
    submitter: namedOf(submitter),
    provenance: provenanceOf(entry),
    actor: namedOf(actor),
    operation: textOf(entry.operation),
    entity: namedOf(entity),
    outcome: textOf(entry.outcome),
    sourceIp: textOf(entry.sourceIp),
    url: textOf(entry.url),
    userAgent: textOf(entry.userAgent),
    requestId: textOf(entry.requestId),
    details: isJsonObject(details) ? canonicalJson(details) : '{}',
    other: other.length === 0 ? '{}' : canonicalJson(Object.fromEntries(other)),
  };
}

const TEXTS = new Set([
  ...['recordedAt', 'occurredAt', 'id', 'source', 'provenance', 'operation', 'outcome'],
  ...['sourceIp', 'url', 'userAgent', 'requestId'],
]);
const NAMED = new Set(['actor', 'entity', 'submitter']);

function hasOwnColumns(name: string, value: Json): boolean {
  if (TEXTS.has(name)) return typeof value === 'string';
  if (!isJsonObject(value)) return false;
  if (name === 'details') return true;
  // An actor that says more than its type and id stands in `other` as a whole, too.
  return NAMED.has(name) && Object.keys(value).every((part) => isTypeOrId(part, value[part]));
}

function isTypeOrId(part: string, value: Json | undefined): boolean {
  return (part === 'type' || part === 'id') && typeof value === 'string';
}

/** Version 1 of the leaf does not say it: of what came by the API somebody asserts it. */
function provenanceOf({ provenance, source }: JsonObject): string {
  if (typeof provenance === 'string') return provenance;
  return source === 'api' ? 'asserted' : 'observed';
}

function namedOf(value: Json | undefined): Named {
  return isJsonObject(value) ? { type: textOf(value.type), id: textOf(value.id) } : NOBODY;
}

const NOBODY: Named = { type: '', id: '' };

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
