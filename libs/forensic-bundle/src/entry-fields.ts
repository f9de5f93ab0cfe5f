import { isJsonObject, setMember, type Json, type JsonObject } from '@vouchsafe/transparency-log';

/** An opened entry, and what its rows in CSV and OCSF say beside it. */
export type EntryFields = {
  readonly logId: string;
  readonly index: number;
  readonly entry: JsonObject;
  readonly undisclosed: number;
  readonly erased: boolean;
  readonly held: boolean;
};

/** A member that is text, or ''. */
export function textIn(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === 'string' ? value : '';
}

/** A member that is an object, or an empty one. */
export function objectIn(object: JsonObject, name: string): JsonObject {
  const value: Json | undefined = object[name];
  return isJsonObject(value) ? value : {};
}

/** What has no place of its own in CSV and OCSF: members unknown to the columns, and known ones that are not of the usual type. */
export function otherMembers(entry: JsonObject): JsonObject {
  let others: Record<string, Json> | undefined;
  for (const name of Object.keys(entry)) {
    if (hasOwnCell(name, entry[name])) continue;
    setMember((others ??= {}), name, entry[name] ?? null);
  }
  return others ?? NOTHING;
}

function hasOwnCell(name: string, value: JsonObject[string] | undefined): boolean {
  if (OWN_COLUMN.has(name)) return typeof value === 'string';
  if (name === 'details') return isJsonObject(value);
  return (name === 'actor' || name === 'entity') && hasOnlyTypeAndId(value);
}

function hasOnlyTypeAndId(value: JsonObject[string] | undefined): boolean {
  if (!isJsonObject(value)) return false;
  return Object.keys(value).every(
    (name) => (name === 'type' || name === 'id') && typeof value[name] === 'string',
  );
}

/** Members that are text and have a column. */
const OWN_COLUMN = new Set([
  'recordedAt',
  'occurredAt',
  'id',
  'operation',
  'outcome',
  'sourceIp',
  'url',
  'userAgent',
  'requestId',
]);

const NOTHING: JsonObject = {};
