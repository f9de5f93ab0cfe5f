import { isJsonObject, type Json, type JsonObject } from '@vouchsafe/transparency-log';
import { sortedJson } from './json-text.js';

/**
 * What of an opened entry has a column of its own in version 1 of CSV and a place of its own in version 1 of OCSF, and what
 * else there is (docs/formats.md, CSV). Frozen: bundles of this version are in other hands.
 */
export type EntryFieldsV1 = {
  /** Texts of the entry; '' where there is none. */
  readonly text: (name: TextName) => string;
  readonly actor: TypeAndId;
  readonly entity: TypeAndId;
  readonly details: JsonObject;
  readonly other: JsonObject;
  /** Both as canonical JSON. */
  readonly detailsJson: string;
  readonly otherJson: string;
};

const TEXTS = [
  'recordedAt',
  'occurredAt',
  'id',
  'operation',
  'outcome',
  'sourceIp',
  'url',
  'userAgent',
  'requestId',
] as const;
type TextName = (typeof TEXTS)[number];
const TEXT_NAMES: ReadonlySet<string> = new Set(TEXTS);

export type TypeAndId = { readonly type: string; readonly id: string };

export function entryFieldsV1(entry: JsonObject): EntryFieldsV1 {
  const names = Object.keys(entry).filter((name) => !hasOwnPlace(name, entry[name] as Json));
  const other = Object.fromEntries(names.map((name) => [name, entry[name] as Json]));
  const details = isJsonObject(entry.details) ? entry.details : {};
  return {
    text: (name) => textOf(entry, name),
    actor: typeAndId(entry.actor),
    entity: typeAndId(entry.entity),
    details,
    other,
    detailsJson: sortedJson(details),
    otherJson: sortedJson(other),
  };
}

function hasOwnPlace(name: string, value: Json): boolean {
  if (TEXT_NAMES.has(name)) return typeof value === 'string';
  if (name === 'details') return isJsonObject(value);
  return (name === 'actor' || name === 'entity') && isTypeAndIdAlone(value);
}

function isTypeAndIdAlone(value: Json): boolean {
  if (!isJsonObject(value)) return false;
  return Object.keys(value).every(
    (name) => (name === 'type' || name === 'id') && typeof value[name] === 'string',
  );
}

function typeAndId(value: Json | undefined): TypeAndId {
  return isJsonObject(value)
    ? { type: textOf(value, 'type'), id: textOf(value, 'id') }
    : { type: '', id: '' };
}

function textOf(object: JsonObject, name: string): string {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return typeof value === 'string' ? value : '';
}
