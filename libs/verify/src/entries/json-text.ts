import { isJsonObject, type Json } from '@vouchsafe/transparency-log';

/**
 * Canonical JSON (RFC 8785) of what an opened leaf says: its texts and numbers were checked with the leaf. Nested as deep
 * as it may be: a disclosed value that is nested itself can stand deep in its entry.
 */
export function sortedJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => sortedJson(item)).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  let members = '';
  for (const name of Object.keys(value).sort()) {
    members += `${members === '' ? '' : ','}${JSON.stringify(name)}:${sortedJson(value[name] as Json)}`;
  }
  return `{${members}}`;
}
