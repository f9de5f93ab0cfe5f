import { isIP } from 'node:net';
import type { Json } from '@vouchsafe/transparency-log';
import { entryFieldsV2, type EntryFieldsV2, type TypeAndId } from './entry-fields-v2.js';
import { sortedJson } from './json-text.js';
import { ocsfClass, type OcsfClass } from './ocsf-classes.js';
import type { ShownEntry } from './shown-entry.js';

/**
 * Version 2 of a line of ocsf.ndjson, as docs/formats.md describes it: canonical JSON, in which what there is none of
 * is missing. Frozen: bundles of this version are in other hands.
 */
export function ocsfLineV2(shown: ShownEntry): string {
  const fields = entryFieldsV2(shown.entry);
  const { text, actor } = fields;
  const kind = ocsfClass(text('operation'), fields.entity.type);
  const event = {
    activity_id: kind.activityId,
    activity_name: kind.activityName,
    category_uid: kind.classUid === 6003 ? 6 : 3,
    class_uid: kind.classUid,
    type_uid: kind.classUid * 100 + kind.activityId,
    severity_id: 1,
    time: milliseconds(text('occurredAt')) ?? milliseconds(text('recordedAt')) ?? 0,
    ...status(text('outcome')),
    metadata: metadata(shown, fields, kind),
    actor: { user: named(actor) },
    ...subject(kind, fields),
    src_endpoint: endpoint(text('sourceIp')),
    ...httpRequest(text('url'), text('userAgent')),
    unmapped: unmapped(shown, fields),
  };
  return `${sortedJson(event)}\n`;
}

type Members = Readonly<Record<string, Json>>;

function status(outcome: string): Members {
  const statusCode: Members = outcome === '' ? {} : { status_code: outcome };
  switch (outcome) {
    case 'success':
      return { status_id: 1, status: 'Success', ...statusCode };
    case 'failure':
    case 'denied':
      return { status_id: 2, status: 'Failure', ...statusCode };
    case 'unknown':
    case '':
      return { status_id: 0, status: 'Unknown', ...statusCode };
    default:
      return { status_id: 99, status: outcome, ...statusCode };
  }
}

function metadata({ logId, index }: ShownEntry, { text }: EntryFieldsV2, { classUid }: OcsfClass): Members {
  const loggedTime = milliseconds(text('recordedAt'));
  return {
    version: '1.3.0',
    product: { name: 'Vouchsafe', vendor_name: 'Vouchsafe' },
    ...(classUid === 3004 && { profiles: ['host'] }),
    log_name: logId,
    sequence: index,
    ...(text('source') !== '' && { log_provider: text('source') }),
    ...(text('id') !== '' && { uid: text('id') }),
    ...(text('requestId') !== '' && { correlation_uid: text('requestId') }),
    ...(text('occurredAt') !== '' && { original_time: text('occurredAt') }),
    ...(loggedTime !== undefined && { logged_time: loggedTime }),
  };
}

/** What each class has of its own. */
function subject({ classUid }: OcsfClass, { text, actor, entity }: EntryFieldsV2): Members {
  const operation = orUnknown(text('operation'));
  switch (classUid) {
    case 3002:
      return { user: named(actor), service: { name: orUnknown(text('source')) }, message: operation };
    case 3004:
      return { entity: named(entity), message: operation };
    case 6003: {
      const hasResource = entity.type !== '' || entity.id !== '';
      return { api: { operation }, ...(hasResource && { resources: [named(entity)] }) };
    }
  }
}

function named({ type, id }: TypeAndId): Members {
  return { ...(id === '' ? { name: 'Unknown' } : { uid: id }), ...(type !== '' && { type }) };
}

function endpoint(sourceIp: string): Members {
  const isAddress = isIP(sourceIp) !== 0 && !sourceIp.includes('%') && sourceIp.length <= 40;
  return isAddress ? { ip: sourceIp } : { name: orUnknown(sourceIp) };
}

function httpRequest(url: string, userAgent: string): Members {
  if (url === '' && userAgent === '') return {};
  return {
    http_request: {
      ...(url !== '' && { url: { url_string: url } }),
      ...(userAgent !== '' && { user_agent: userAgent }),
    },
  };
}

function unmapped(
  { undisclosed, erased, held }: ShownEntry,
  { provenance, submitter, details, other }: EntryFieldsV2,
): Members {
  const { type, id } = submitter;
  const hasSubmitter = type !== '' || id !== '';
  return {
    ...{ details, other, provenance, undisclosed, erased, held },
    ...(hasSubmitter && { submitter: { ...(id !== '' && { id }), ...(type !== '' && { type }) } }),
  };
}

function orUnknown(text: string): string {
  return text === '' ? 'Unknown' : text;
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
