import type { EntryFieldsV1 } from './entry-fields-v1.js';
import type { ShownEntry } from './shown-entry.js';

/** Version 1 of entries.csv, as docs/formats.md describes it. Frozen: bundles of this version are in other hands. */

export const CSV_HEADER_V1 =
  'log_id,index,recorded_at,occurred_at,id,actor_type,actor_id,operation,entity_type,entity_id,outcome,' +
  'source_ip,url,user_agent,request_id,undisclosed,state,details,other\r\n';

export function csvRowV1(
  { logId, index, undisclosed, erased, held }: ShownEntry,
  fields: EntryFieldsV1,
): string {
  const { text, actor, entity, detailsJson, otherJson } = fields;
  const cells = [
    logId,
    String(index),
    cell(text('recordedAt')),
    cell(text('occurredAt')),
    cell(text('id')),
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

/**
 * What a spreadsheet would run as a formula gets an apostrophe in front (OWASP, CSV injection), and so does what starts
 * with an apostrophe, so that taking one off gives the value back.
 */
function cell(value: string): string {
  return quoted(/^[=+\-@\t\r\n'＝＋－＠]/.test(value) ? `'${value}` : value);
}

/** It begins with a brace, so it is no formula. */
function jsonCell(json: string): string {
  return json === '{}' ? '' : quoted(json);
}

/** RFC 4180 section 2, rules 6 and 7. */
function quoted(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
