import {
  canonicalJson,
  emptyBytes,
  endOf,
  isObject,
  isText,
  leafReader,
  membersOf,
  parseJson,
  readOpened,
  says,
  startOf,
  textOf,
  writeMembers,
  writeOpened,
  writeSpan,
  writeText,
  type Bytes,
  type JsonObject,
  type LeafReader,
} from '@vouchsafe/transparency-log';

/** What rows in CSV and OCSF say beside the entry itself. */
export type EntryMarks = {
  readonly logId: string;
  readonly index: number;
  readonly undisclosed: number;
  readonly erased: boolean;
  readonly held: boolean;
};

/** An entry as plain values, and what its rows say beside it. */
export type EntryFields = EntryMarks & { readonly entry: JsonObject };

/** Where an opened entry says what has a place of its own in CSV and OCSF: nodes of the reader, or `NOWHERE`. */
export type Found = {
  readonly reader: LeafReader;
  recordedAt: number;
  occurredAt: number;
  id: number;
  actorType: number;
  actorId: number;
  operation: number;
  entityType: number;
  entityId: number;
  outcome: number;
  sourceIp: number;
  url: number;
  userAgent: number;
  requestId: number;
  details: number;
  /** Names and values, in turns, of members that have none, and of known ones that are not of the usual type. */
  other: number[];
};

export const NOWHERE = -1;

/** Members that are text and have a column, by the length of their names. */
const OWN_COLUMNS = [
  'id',
  'url',
  'outcome',
  'sourceIp',
  'operation',
  'userAgent',
  'requestId',
  'recordedAt',
  'occurredAt',
] as const;
const COLUMNS_BY_LENGTH = Array.from({ length: 11 }, (_, length) =>
  OWN_COLUMNS.filter((name) => name.length === length),
);

/** Goes once through the entry that the reader has opened. */
export function findFields(reader: LeafReader): Found {
  const found: Found = {
    reader,
    ...{ recordedAt: NOWHERE, occurredAt: NOWHERE, id: NOWHERE, operation: NOWHERE, outcome: NOWHERE },
    ...{ actorType: NOWHERE, actorId: NOWHERE, entityType: NOWHERE, entityId: NOWHERE },
    ...{ sourceIp: NOWHERE, url: NOWHERE, userAgent: NOWHERE, requestId: NOWHERE, details: NOWHERE },
    other: [],
  };
  const members = membersOf(reader, reader.root);
  for (let i = 0; i < members.length; i += 2) {
    const name = members[i] ?? 0;
    const value = members[i + 1] ?? 0;
    if (!hasOwnCell(found, name, value)) found.other.push(name, value);
  }
  return found;
}

function hasOwnCell(found: Found, name: number, value: number): boolean {
  const { tape } = found.reader;
  const length = endOf(tape, name) - startOf(tape, name) - 2;
  for (const column of COLUMNS_BY_LENGTH[length] ?? []) {
    if (!says(tape, name, column)) continue;
    if (!isText(tape, value)) return false;
    found[column] = value;
    return true;
  }
  if (!isObject(tape, value)) return false;
  if (says(tape, name, 'details')) {
    found.details = value;
    return true;
  }
  if (says(tape, name, 'actor')) return typeAndId(found, value, 'actorType', 'actorId');
  return says(tape, name, 'entity') && typeAndId(found, value, 'entityType', 'entityId');
}

/** Whether an actor or entity says nothing else. */
function typeAndId(
  found: Found,
  object: number,
  type: 'actorType' | 'entityType',
  id: 'actorId' | 'entityId',
): boolean {
  const { reader } = found;
  const members = membersOf(reader, object);
  let isAll = true;
  for (let i = 0; i < members.length; i += 2) {
    const name = members[i] ?? 0;
    const value = members[i + 1] ?? 0;
    if (!isText(reader.tape, value)) isAll = false;
    else if (says(reader.tape, name, 'type')) found[type] = value;
    else if (says(reader.tape, name, 'id')) found[id] = value;
    else isAll = false;
  }
  return isAll;
}

/** What a field says; '' where there is none. */
export function fieldText({ reader }: Found, node: number): string {
  return node === NOWHERE ? '' : textOf(reader.tape, node);
}

export function isEmptyText({ reader: { tape } }: Found, node: number): boolean {
  return node === NOWHERE || endOf(tape, node) - startOf(tape, node) === 2;
}

/** As many bytes as all that a line can take: a value stands in it three times at most, its quotes doubled. */
export function roomForLine({ reader: { tape } }: Found): number {
  return 6 * tape.used + 4096;
}

/** The `details` of an entry, or `other`, as JSON: sorted, or as JavaScript orders an object's members. */
export function jsonOf(found: Found, what: 'details' | 'other', isSorted: boolean): Bytes {
  const { reader } = found;
  json.length = 0;
  if (what === 'other') writeMembers(json, reader, found.other, isSorted);
  else if (found.details === NOWHERE) writeMembers(json, reader, [], isSorted);
  else writeOpened(json, reader, found.details, isSorted);
  if (isSorted || !reader.tape.hasDigitNames) return json;
  const text = JSON.stringify(parseJson(json.buffer.toString('utf8', 0, json.length)));
  json.length = 0;
  writeText(json, text);
  return json;
}

/** Good until the next call. */
const json = emptyBytes();

export function writeBytes(to: Bytes, from: Bytes): void {
  writeSpan(to, from.buffer, 0, from.length);
}

/** Reads plain values as if they were an opened leaf. */
export function fieldsOf(entry: JsonObject): Found {
  const reader = leafReader();
  if (!readOpened(reader, Buffer.from(canonicalJson(entry)))) throw new Error('An entry is an object');
  return findFields(reader);
}
