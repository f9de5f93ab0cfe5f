import type { JsonObject } from '@vouchsafe/transparency-log';
import { entryFieldsV2 } from './entry-fields-v2.js';
import { sortedJson } from './json-text.js';
import type { ShownEntry } from './shown-entry.js';

/** Version 2 of entries.csv, as docs/formats.md describes it. Frozen: bundles of this version are in other hands. */

export const CSV_HEADER_V2 =
  'log_id,index,recorded_at,occurred_at,id,source,submitter_type,submitter_id,provenance,actor_type,actor_id,' +
  'operation,entity_type,entity_id,outcome,source_ip,url,user_agent,request_id,undisclosed,state,details,other\r\n';

export function csvRowV2({ logId, index, entry, undisclosed, erased, held }: ShownEntry): string {
  const { text, provenance, submitter, actor, entity, details, other } = entryFieldsV2(entry);
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
    jsonCell(details),
    jsonCell(other),
  ];
  return `${cells.join(',')}\r\n`;
}

/** Rule 2: an apostrophe before whatever a program could run, wherever it splits. */
function cell(value: string): string {
  const defused = withFormulas(value, true, (character) => `'${character}`);
  return quoted(/^[\t\r\n]/.test(value) ? `'${defused}` : defused);
}

/** Rule 3: the same as an escape, so that the cell stays JSON. It begins with a brace, so its start counts for nothing. */
function jsonCell(value: JsonObject): string {
  if (Object.keys(value).length === 0) return '';
  return quoted(withFormulas(sortedJson(value), false, jsonEscape));
}

const FORMULA = /[=+\-@'＝＋－＠]/;
const SEPARATOR = /[;|\t\r\n]/;
const QUOTE_OR_SPACE = /["\s]/;

/** Rule 1: puts something else for each formula character with nothing but quotes and white space before it, up to a separator. */
function withFormulas(text: string, isStart: boolean, instead: (formulaCharacter: string) => string): string {
  // Most texts have no separator, and begin with something else.
  const mayHaveOne = SEPARATOR.test(text) || (isStart && /^["\s]*[=+\-@'＝＋－＠]/.test(text));
  if (!mayHaveOne) return text;
  let written = '';
  let atStart = isStart;
  for (const character of text) {
    written += atStart && FORMULA.test(character) ? instead(character) : character;
    atStart = SEPARATOR.test(character) || (atStart && QUOTE_OR_SPACE.test(character));
  }
  return written;
}

function jsonEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Rule 4. */
function quoted(value: string): string {
  return /[",;|\t\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
