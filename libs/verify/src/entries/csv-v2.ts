import type { EntryFieldsV2 } from './entry-fields-v2.js';
import type { ShownEntry } from './shown-entry.js';

/** Version 2 of entries.csv, as docs/formats.md describes it. Frozen: bundles of this version are in other hands. */

export const CSV_HEADER_V2 =
  'log_id,index,recorded_at,occurred_at,id,source,submitter_type,submitter_id,provenance,actor_type,actor_id,' +
  'operation,entity_type,entity_id,outcome,source_ip,url,user_agent,request_id,undisclosed,state,details,other\r\n';

export function csvRowV2(
  { logId, index, undisclosed, erased, held }: ShownEntry,
  fields: EntryFieldsV2,
): string {
  const { text, provenance, submitter, actor, entity, detailsJson, otherJson } = fields;
  const cells = [
    logId,
    String(index),
    cell(text('recordedAt')),
    cell(text('occurredAt')),
    cell(text('id')),
    cell(text('source')),
    cell(submitter.type),
    cell(submitter.id),
    cell(provenance),
    cell(actor.type),
    cell(actor.id),
    cell(text('operation')),
    cell(entity.type),
    cell(entity.id),
    cell(text('outcome')),
    cell(text('sourceIp')),
    cell(text('url')),
    cell(text('userAgent')),
    cell(text('requestId')),
    String(undisclosed),
    [erased && 'erased', held && 'held'].filter(Boolean).join(' '),
    jsonCell(detailsJson),
    jsonCell(otherJson),
  ];
  return `${cells.join(',')}\r\n`;
}

/** Rule 3: an apostrophe before whatever a program could run, wherever it splits. */
function cell(value: string): string {
  const defused = withFormulas(value, (character) => `'${character}`);
  return quoted(startsWithSeparator(value) ? `'${defused}` : defused);
}

/** Rule 4: the same of each string in it, with its quotes, as an escape, so that the cell stays JSON. */
function jsonCell(json: string): string {
  if (json === '{}') return '';
  return quoted(json.replace(STRING, (string) => withFormulas(string, jsonEscape)));
}

const STRING = /"(?:[^"\\]|\\.)*"/g;

/** Rule 2: puts something else for each formula character with nothing but skipped ones between it and a start. */
function withFormulas(text: string, instead: (formulaCharacter: string) => string): string {
  if (HAS_NONE.test(text)) return text;
  let written = '';
  let [at, copied] = [0, 0];
  let atStart = true;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (atStart && FORMULA_CHARACTERS.has(code)) {
      written += text.slice(copied, at) + instead(character);
      copied = at + character.length;
    }
    atStart = SEPARATORS.has(code) || (atStart && SKIPPED.has(code));
    at += character.length;
  }
  return written + text.slice(copied);
}

/** For speed alone. Most texts begin with a letter, a digit or a slash, and are ASCII without a separator. */
const HAS_NONE = /^"?[A-Za-z0-9/][\x20-\x2b\x2d-\x3a\x3c-\x7b\x7d\x7e]*$/;

/** Rule 1, in the words of its table. */
const SEPARATORS = codePoints('9-D 1C-1F 2C 3B 7C 85 2028 2029');
const FORMULA_CHARACTERS = codePoints(
  '27 2B 2D 3D 40 207A-207C 208A-208C 2212 2A75 2A76 FB29 FE62 FE63 FE66 FE6B FF0B FF0D FF1D FF20',
);
const SKIPPED = codePoints(
  '0-8 E-1B 20 22 5C 7F-84 86-A0 AD 34F 600-605 61C 6DD 70F 890 891 8E2 115F 1160 1680 17B4 17B5 180B-180F ' +
    '2000-200F 202A-202F 205F-206F 2800 3000 3164 FE00-FE0F FEFF FFA0 FFF0-FFFF 110BD 110CD 13430-1343F ' +
    '1BCA0-1BCA3 1D173-1D17A E0000-E0FFF',
);

function codePoints(table: string): ReadonlySet<number> {
  const ranges = table.split(' ').map((range) => range.split('-').map((code) => parseInt(code, 16)));
  return new Set(
    ranges.flatMap(([first = 0, last = first]) =>
      Array.from({ length: last - first + 1 }, (_, i) => first + i),
    ),
  );
}

function jsonEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Rule 5. */
function quoted(value: string): string {
  const isPlain = !value.includes('"') && (HAS_NONE.test(value) || !hasSeparator(value));
  return isPlain ? value : `"${value.replaceAll('"', '""')}"`;
}

function hasSeparator(value: string): boolean {
  for (const character of value) if (startsWithSeparator(character)) return true;
  return false;
}

function startsWithSeparator(text: string): boolean {
  return SEPARATORS.has(text.charCodeAt(0));
}
