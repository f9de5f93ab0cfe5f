import {
  emptyBytes,
  reserve,
  says,
  startOf,
  endOf,
  writeAll,
  writeByte,
  writeSpan,
  writeText,
  type Bytes,
  type JsonObject,
} from '@vouchsafe/transparency-log';
import {
  fieldsOf,
  fieldText,
  isEmptyText,
  jsonOf,
  NOWHERE,
  roomForLine,
  writeBytes,
  type EntryFields,
  type EntryMarks,
  type Found,
} from './entry-fields.js';
import { type Activity, classify } from './ocsf-activity.js';

/**
 * The Open Cybersecurity Schema Framework, version 1.3.0 (schema.ocsf.io): an entry as one of its events. Log-ins and
 * sessions are Authentication (3002), changes of who and what there is are Entity Management (3004), and everything
 * else that was done through the API is API Activity (6003).
 */
export const OCSF_VERSION = '1.3.0';

/** One line of ocsf.ndjson, and one event of the stream to a SIEM. Text stands in it as in the leaf: both are JSON. */
export function writeOcsfLine(to: Bytes, found: Found, marks: EntryMarks): void {
  reserve(to, roomForLine(found));
  const activity = classify(fieldText(found, found.operation), fieldText(found, found.entityType));
  const recordedAt = milliseconds(fieldText(found, found.recordedAt));
  const time = milliseconds(fieldText(found, found.occurredAt)) ?? recordedAt ?? 0;
  writeAll(to, activity.head);
  writeText(to, String(time));
  writeAll(to, SEVERITY);
  writeStatus(to, found);
  writeAll(to, METADATA);
  writeText(to, JSON.stringify(marks.logId));
  writeAll(to, SEQUENCE);
  writeText(to, String(marks.index));
  if (!isEmptyText(found, found.id)) writeMember(to, found, UID, found.id);
  if (!isEmptyText(found, found.requestId)) writeMember(to, found, CORRELATION, found.requestId);
  if (recordedAt !== undefined) {
    writeAll(to, LOGGED_TIME);
    writeText(to, String(recordedAt));
  }
  writeAll(to, ACTOR);
  writeUser(to, found);
  writeByte(to, CLOSE);
  writeSubject(to, found, activity.classUid);
  writeEndpoint(to, found);
  writeAll(to, DETAILS);
  writeBytes(to, jsonOf(found, 'details', false));
  writeAll(to, OTHER);
  writeBytes(to, jsonOf(found, 'other', false));
  writeAll(to, UNDISCLOSED);
  writeText(to, String(marks.undisclosed));
  writeText(to, `,"erased":${marks.erased},"held":${marks.held}}}\n`);
}

/** `writeOcsfLine` of plain values. */
export function ocsfLine(fields: EntryFields): string {
  const line = emptyBytes();
  writeOcsfLine(line, fieldsOf(fields.entry), fields);
  return line.buffer.toString('utf8', 0, line.length);
}

export function ocsfEvent(fields: EntryFields): JsonObject {
  return JSON.parse(ocsfLine(fields)) as JsonObject;
}

const CLOSE = 0x7d;
const SEVERITY = Buffer.from(',"severity_id":1,');
const METADATA = Buffer.from(
  `,"metadata":{"version":"${OCSF_VERSION}","product":{"name":"Vouchsafe","vendor_name":"Vouchsafe"},"log_name":`,
);
const SEQUENCE = Buffer.from(',"sequence":');
const UID = Buffer.from(',"uid":');
const CORRELATION = Buffer.from(',"correlation_uid":');
const LOGGED_TIME = Buffer.from(',"logged_time":');
const ACTOR = Buffer.from('},"actor":{"user":');
const DETAILS = Buffer.from(',"unmapped":{"details":');
const OTHER = Buffer.from(',"other":');
const UNDISCLOSED = Buffer.from(',"undisclosed":');

/** A field as JSON behind something. */
function writeMember(to: Bytes, { reader: { tape } }: Found, before: Buffer, node: number): void {
  writeAll(to, before);
  if (node === NOWHERE) writeAll(to, EMPTY);
  else writeSpan(to, tape.bytes, startOf(tape, node), endOf(tape, node));
}

const EMPTY = Buffer.from('""');

const SUCCESS = Buffer.from('"status_id":1,"status":"Success"');
const FAILURE = Buffer.from('"status_id":2,"status":"Failure","status_detail":');
const ANOTHER = Buffer.from('"status_id":99,"status":"Other","status_detail":');

function writeStatus(to: Bytes, found: Found): void {
  const { outcome } = found;
  const isOne = (text: string): boolean => outcome !== NOWHERE && says(found.reader.tape, outcome, text);
  if (isOne('success')) writeAll(to, SUCCESS);
  else writeMember(to, found, isOne('failure') || isOne('denied') ? FAILURE : ANOTHER, outcome);
}

const USER = Buffer.from(',"user":');
const ENTITY = Buffer.from(',"entity":');
const API = Buffer.from(',"api":{"operation":');
const RESOURCES = Buffer.from('},"resources":[');
const MESSAGE = Buffer.from(',"message":');

/** The object that each class requires of its own: `user`, `entity` or `api`. */
function writeSubject(to: Bytes, found: Found, classUid: Activity['classUid']): void {
  if (classUid === 6003) {
    writeMember(to, found, API, found.operation);
    writeAll(to, RESOURCES);
    writeResource(to, found);
    writeByte(to, 0x5d);
    return;
  }
  if (classUid === 3002) {
    writeAll(to, USER);
    writeUser(to, found);
  } else {
    writeAll(to, ENTITY);
    writeResource(to, found);
  }
  writeMember(to, found, MESSAGE, found.operation);
}

const OPEN_UID = Buffer.from('{"uid":');
const TYPE = Buffer.from(',"type":');

function writeUser(to: Bytes, found: Found): void {
  writeMember(to, found, OPEN_UID, found.actorId);
  writeMember(to, found, TYPE, found.actorType);
  writeByte(to, CLOSE);
}

const OPEN_TYPE = Buffer.from('{"type":');

function writeResource(to: Bytes, found: Found): void {
  writeMember(to, found, OPEN_TYPE, found.entityType);
  writeMember(to, found, UID, found.entityId);
  writeByte(to, CLOSE);
}

const NO_ENDPOINT = Buffer.from(',"src_endpoint":{}');
const ENDPOINT = Buffer.from(',"src_endpoint":{"ip":');
const REQUEST_URL = Buffer.from(',"http_request":{"url":{"url_string":');
const REQUEST_AGENT = Buffer.from(',"http_request":{"user_agent":');
const USER_AGENT = Buffer.from(',"user_agent":');

/** OCSF requires `src_endpoint`; where the address is withheld it is there and empty. */
function writeEndpoint(to: Bytes, found: Found): void {
  if (isEmptyText(found, found.sourceIp)) writeAll(to, NO_ENDPOINT);
  else {
    writeMember(to, found, ENDPOINT, found.sourceIp);
    writeByte(to, CLOSE);
  }
  const [hasUrl, hasAgent] = [!isEmptyText(found, found.url), !isEmptyText(found, found.userAgent)];
  if (hasUrl) {
    writeMember(to, found, REQUEST_URL, found.url);
    writeByte(to, CLOSE);
  }
  if (hasAgent) writeMember(to, found, hasUrl ? USER_AGENT : REQUEST_AGENT, found.userAgent);
  if (hasUrl || hasAgent) writeByte(to, CLOSE);
}

/** Neighbours are mostly of one time, and so are both times of an entry. */
function milliseconds(instant: string): number | undefined {
  if (instant !== last.instant) last = { instant, time: Date.parse(instant) };
  return Number.isNaN(last.time) ? undefined : last.time;
}

let last = { instant: '', time: Number.NaN };
