import { entryFieldsV1, type EntryFieldsV1 } from './entry-fields-v1.js';
import { ocsfClass, type OcsfClass } from './ocsf-classes.js';
import type { ShownEntry } from './shown-entry.js';

/**
 * Version 1 of a line of ocsf.ndjson, as docs/formats.md describes it: members stand in the order of this text, and
 * those of `details` and `other` as JSON.stringify has them. Frozen: bundles of this version are in other hands.
 */
export function ocsfLineV1({ logId, index, entry, undisclosed, erased, held }: ShownEntry): string {
  const fields = entryFieldsV1(entry);
  const { text, actor, details, other } = fields;
  const kind = ocsfClass(text('operation'), fields.entity.type);
  const [recordedAt, occurredAt] = [Date.parse(text('recordedAt')), Date.parse(text('occurredAt'))];
  const [time] = [occurredAt, recordedAt, 0].filter((milliseconds) => !Number.isNaN(milliseconds));
  const event = {
    activity_id: kind.activityId,
    activity_name: kind.activityName,
    category_uid: kind.classUid === 6003 ? 6 : 3,
    class_uid: kind.classUid,
    type_uid: kind.classUid * 100 + kind.activityId,
    time,
    severity_id: 1,
    ...status(text('outcome')),
    metadata: {
      version: '1.3.0',
      product: { name: 'Vouchsafe', vendor_name: 'Vouchsafe' },
      log_name: logId,
      sequence: index,
      ...(text('id') !== '' && { uid: text('id') }),
      ...(text('requestId') !== '' && { correlation_uid: text('requestId') }),
      ...(!Number.isNaN(recordedAt) && { logged_time: recordedAt }),
    },
    actor: { user: { uid: actor.id, type: actor.type } },
    ...subject(kind, fields),
    src_endpoint: text('sourceIp') === '' ? {} : { ip: text('sourceIp') },
    ...httpRequest(text('url'), text('userAgent')),
    unmapped: { details, other, undisclosed, erased, held },
  };
  return `${JSON.stringify(event)}\n`;
}

function status(outcome: string): object {
  switch (outcome) {
    case 'success':
      return { status_id: 1, status: 'Success' };
    case 'failure':
    case 'denied':
      return { status_id: 2, status: 'Failure', status_detail: outcome };
    default:
      return { status_id: 99, status: 'Other', status_detail: outcome };
  }
}

/** What each class has of its own. */
function subject({ classUid }: OcsfClass, { text, actor, entity }: EntryFieldsV1): object {
  const thing = { type: entity.type, uid: entity.id };
  switch (classUid) {
    case 3002:
      return { user: { uid: actor.id, type: actor.type }, message: text('operation') };
    case 3004:
      return { entity: thing, message: text('operation') };
    case 6003:
      return { api: { operation: text('operation') }, resources: [thing] };
  }
}

function httpRequest(url: string, userAgent: string): object {
  if (url === '' && userAgent === '') return {};
  return {
    http_request: {
      ...(url !== '' && { url: { url_string: url } }),
      ...(userAgent !== '' && { user_agent: userAgent }),
    },
  };
}
