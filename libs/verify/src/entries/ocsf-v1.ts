import type { EntryFieldsV1 } from './entry-fields-v1.js';
import { ocsfClass, type OcsfClass } from './ocsf-classes.js';
import type { ShownEntry } from './shown-entry.js';

/**
 * Version 1 of a line of ocsf.ndjson, as docs/formats.md describes it: members stand in the order of this text, and
 * those of `details` and `other` as JSON.stringify has them. Frozen: bundles of this version are in other hands.
 */
export function ocsfLineV1(
  { logId, index, undisclosed, erased, held }: ShownEntry,
  fields: EntryFieldsV1,
): string {
  const { text, details, other } = fields;
  const kind = ocsfClass(text('operation'), fields.entity.type);
  const { classUid, activityId, activityName } = kind;
  const [recordedAt, occurredAt] = [Date.parse(text('recordedAt')), Date.parse(text('occurredAt'))];
  const time = !Number.isNaN(occurredAt) ? occurredAt : !Number.isNaN(recordedAt) ? recordedAt : 0;
  return (
    `{"activity_id":${activityId},"activity_name":${json(activityName)}` +
    `,"category_uid":${classUid === 6003 ? 6 : 3},"class_uid":${classUid}` +
    `,"type_uid":${classUid * 100 + activityId},"time":${time},"severity_id":1,${status(text('outcome'))}` +
    `,"metadata":{"version":"1.3.0","product":{"name":"Vouchsafe","vendor_name":"Vouchsafe"}` +
    `,"log_name":${json(logId)},"sequence":${index}` +
    (text('id') === '' ? '' : `,"uid":${json(text('id'))}`) +
    (text('requestId') === '' ? '' : `,"correlation_uid":${json(text('requestId'))}`) +
    (Number.isNaN(recordedAt) ? '' : `,"logged_time":${recordedAt}`) +
    `},"actor":{"user":${user(fields)}},${subject(kind, fields)}` +
    `,"src_endpoint":{${text('sourceIp') === '' ? '' : `"ip":${json(text('sourceIp'))}`}}` +
    httpRequest(text('url'), text('userAgent')) +
    `,"unmapped":{"details":${json(details)},"other":${json(other)},"undisclosed":${undisclosed}` +
    `,"erased":${erased},"held":${held}}}\n`
  );
}

function json(value: string | object): string {
  return JSON.stringify(value);
}

function status(outcome: string): string {
  if (outcome === 'success') return '"status_id":1,"status":"Success"';
  const [id, name] = outcome === 'failure' || outcome === 'denied' ? [2, 'Failure'] : [99, 'Other'];
  return `"status_id":${id},"status":"${name}","status_detail":${json(outcome)}`;
}

/** What each class has of its own. */
function subject({ classUid }: OcsfClass, fields: EntryFieldsV1): string {
  const operation = json(fields.text('operation'));
  const thing = `{"type":${json(fields.entity.type)},"uid":${json(fields.entity.id)}}`;
  switch (classUid) {
    case 3002:
      return `"user":${user(fields)},"message":${operation}`;
    case 3004:
      return `"entity":${thing},"message":${operation}`;
    case 6003:
      return `"api":{"operation":${operation}},"resources":[${thing}]`;
  }
}

function user({ actor }: EntryFieldsV1): string {
  return `{"uid":${json(actor.id)},"type":${json(actor.type)}}`;
}

function httpRequest(url: string, userAgent: string): string {
  const members = [
    ...(url === '' ? [] : [`"url":{"url_string":${json(url)}}`]),
    ...(userAgent === '' ? [] : [`"user_agent":${json(userAgent)}`]),
  ];
  return members.length === 0 ? '' : `,"http_request":{${members.join(',')}}`;
}
