import { isIP } from 'node:net';
import { entryFieldsV2, type EntryFieldsV2, type TypeAndId } from './entry-fields-v2.js';
import { sortedJson } from './json-text.js';
import { ocsfClass, type OcsfClass } from './ocsf-classes.js';
import type { ShownEntry } from './shown-entry.js';

/**
 * Version 2 of a line of ocsf.ndjson, as docs/formats.md describes it: canonical JSON, so members stand in the order of
 * their names, and what there is none of is missing. Frozen: bundles of this version are in other hands.
 */
export function ocsfLineV2(shown: ShownEntry): string {
  const fields = entryFieldsV2(shown.entry);
  const { text, actor, entity } = fields;
  const kind = ocsfClass(text('operation'), entity.type);
  const { classUid, activityId, activityName } = kind;
  const [isLogin, isManagement, isApi] = [classUid === 3002, classUid === 3004, classUid === 6003];
  const hasResource = isApi && (entity.type !== '' || entity.id !== '');
  const event = object({
    activity_id: String(activityId),
    activity_name: json(activityName),
    actor: object({ user: named(actor) }),
    api: isApi ? object({ operation: orUnknown(text('operation')) }) : NONE,
    category_uid: isApi ? '6' : '3',
    class_uid: String(classUid),
    entity: isManagement ? named(entity) : NONE,
    http_request: httpRequest(text('url'), text('userAgent')),
    message: isApi ? NONE : orUnknown(text('operation')),
    metadata: metadata(shown, fields, kind),
    resources: hasResource ? `[${named(entity)}]` : NONE,
    service: isLogin ? object({ name: orUnknown(text('source')) }) : NONE,
    severity_id: '1',
    src_endpoint: endpoint(text('sourceIp')),
    ...status(text('outcome')),
    time: String(milliseconds(text('occurredAt')) ?? milliseconds(text('recordedAt')) ?? 0),
    type_uid: String(classUid * 100 + activityId),
    unmapped: unmapped(shown, fields),
    user: isLogin ? named(actor) : NONE,
  });
  return `${event}\n`;
}

const NONE = undefined;

/** An object of members that are written already, in the order given; those that are undefined are not there. */
function object(members: Readonly<Record<string, string | undefined>>): string {
  let written = '';
  for (const [name, value] of Object.entries(members)) {
    if (value !== undefined) written += `${written === '' ? '' : ','}"${name}":${value}`;
  }
  return `{${written}}`;
}

function json(text: string): string {
  return JSON.stringify(text);
}

function ifAny(text: string): string | undefined {
  return text === '' ? NONE : json(text);
}

function orUnknown(text: string): string {
  return json(text === '' ? 'Unknown' : text);
}

function status(outcome: string): { status: string; status_code: string | undefined; status_id: string } {
  const [id, name] = statusOf(outcome);
  return { status: json(name), status_code: ifAny(outcome), status_id: String(id) };
}

function statusOf(outcome: string): [id: number, name: string] {
  switch (outcome) {
    case 'success':
      return [1, 'Success'];
    case 'failure':
    case 'denied':
      return [2, 'Failure'];
    case 'unknown':
    case '':
      return [0, 'Unknown'];
    default:
      return [99, outcome];
  }
}

function metadata({ logId, index }: ShownEntry, { text }: EntryFieldsV2, { classUid }: OcsfClass): string {
  const loggedTime = milliseconds(text('recordedAt'));
  return object({
    correlation_uid: ifAny(text('requestId')),
    log_name: json(logId),
    log_provider: ifAny(text('source')),
    logged_time: loggedTime === undefined ? NONE : String(loggedTime),
    original_time: ifAny(text('occurredAt')),
    product: '{"name":"Vouchsafe","vendor_name":"Vouchsafe"}',
    profiles: classUid === 3004 ? '["host"]' : NONE,
    sequence: String(index),
    uid: ifAny(text('id')),
    version: '"1.3.0"',
  });
}

/** Who or what, by the name `Unknown` where it has no id. */
function named({ type, id }: TypeAndId): string {
  return object({ name: id === '' ? '"Unknown"' : NONE, type: ifAny(type), uid: ifAny(id) });
}

function endpoint(sourceIp: string): string {
  const isAddress = isIP(sourceIp) !== 0 && !sourceIp.includes('%') && sourceIp.length <= 40;
  return object(isAddress ? { ip: json(sourceIp) } : { name: orUnknown(sourceIp) });
}

function httpRequest(url: string, userAgent: string): string | undefined {
  if (url === '' && userAgent === '') return NONE;
  return object({
    url: url === '' ? NONE : object({ url_string: json(url) }),
    user_agent: ifAny(userAgent),
  });
}

function unmapped(
  { undisclosed, erased, held }: ShownEntry,
  { provenance, submitter, details, other }: EntryFieldsV2,
): string {
  const { type, id } = submitter;
  const hasSubmitter = type !== '' || id !== '';
  return object({
    details: sortedJson(details),
    erased: String(erased),
    held: String(held),
    other: sortedJson(other),
    provenance: json(provenance),
    submitter: hasSubmitter ? object({ id: ifAny(id), type: ifAny(type) }) : NONE,
    undisclosed: String(undisclosed),
  });
}

/** Of an instant of three to nine digits that the calendar has; further digits are cut off. */
function milliseconds(instant: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z$/.test(instant)) return undefined;
  const upToMilliseconds = `${instant.slice(0, 23)}Z`;
  const time = new Date(upToMilliseconds);
  // JavaScript takes a 30th of February for the 2nd of March.
  const isOfCalendar = !Number.isNaN(time.getTime()) && time.toISOString() === upToMilliseconds;
  return isOfCalendar ? time.getTime() : undefined;
}
