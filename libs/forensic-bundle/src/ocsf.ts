import { isIP } from 'node:net';
import type { EntryFields, EntryMarks, Named } from './entry-fields.js';
import { millisecondsOf } from './instant.js';
import { classify } from './ocsf-activity.js';

/**
 * The Open Cybersecurity Schema Framework, version 1.3.0 (schema.ocsf.io): an entry as one of its events. Log-ins and
 * sessions are Authentication (3002), changes of who and what there is are Entity Management (3004), and everything
 * else that was done through the API is API Activity (6003). docs/formats.md says which member comes from where.
 */
export const OCSF_VERSION = '1.3.0';

/** One line of ocsf.ndjson, version 2, and one event of the stream to a SIEM: canonical JSON, valid by OCSF's own schema. */
export function ocsfLine(fields: EntryFields, marks: EntryMarks): string {
  const activity = classify(fields.operation, fields.entity.type);
  const { classUid } = activity;
  const operation = fields.operation || UNKNOWN;
  const user = named(fields.actor);
  // In the order of their names, here and below: JSON.stringify writes them so, and leaves out what is undefined.
  const event = {
    activity_id: activity.activityId,
    activity_name: activity.activityName,
    actor: { user },
    api: classUid === 6003 ? { operation } : undefined,
    category_uid: classUid === 6003 ? 6 : 3,
    class_uid: classUid,
    entity: classUid === 3004 ? named(fields.entity) : undefined,
    http_request: request(fields),
    message: classUid === 6003 ? undefined : operation,
    metadata: metadata(fields, marks, classUid),
    resources:
      classUid === 6003 && (fields.entity.type || fields.entity.id) ? [named(fields.entity)] : undefined,
    // Authentication names the service or its address: we know the service.
    service: classUid === 3002 ? { name: fields.source || UNKNOWN } : undefined,
    severity_id: 1,
    src_endpoint: endpoint(fields.sourceIp),
    ...status(fields.outcome),
    time: millisecondsOf(fields.occurredAt) ?? millisecondsOf(fields.recordedAt) ?? 0,
    type_uid: classUid * 100 + activity.activityId,
  };
  const authenticated = classUid === 3002 ? `,"user":${JSON.stringify(user)}` : '';
  return `${JSON.stringify(event).slice(0, -1)},"unmapped":${unmapped(fields, marks)}${authenticated}}\n`;
}

/** What OCSF says where it asks for a name and there is none, or none is disclosed. */
const UNKNOWN = 'Unknown';

function metadata(fields: EntryFields, { logId, index }: EntryMarks, classUid: number) {
  return {
    correlation_uid: fields.requestId || undefined,
    log_name: logId,
    log_provider: fields.source || undefined,
    logged_time: millisecondsOf(fields.recordedAt),
    original_time: fields.occurredAt || undefined,
    product: { name: 'Vouchsafe', vendor_name: 'Vouchsafe' },
    // Entity Management has an actor by this profile alone.
    profiles: classUid === 3004 ? ['host'] : undefined,
    sequence: index,
    uid: fields.id || undefined,
    version: OCSF_VERSION,
  };
}

/** `details` and `other` are canonical JSON already. */
function unmapped({ details, other, provenance, submitter }: EntryFields, marks: EntryMarks): string {
  const { undisclosed, erased, held } = marks;
  const { id, type } = submitter;
  const submitted =
    id || type ? `,"submitter":${JSON.stringify({ id: id || undefined, type: type || undefined })}` : '';
  return (
    `{"details":${details},"erased":${erased},"held":${held},"other":${other},` +
    `"provenance":${JSON.stringify(provenance)}${submitted},"undisclosed":${undisclosed}}`
  );
}

/** Users, entities and resources have an id or a name. */
function named({ type, id }: Named) {
  return {
    name: id ? undefined : UNKNOWN,
    type: type || undefined,
    uid: id || undefined,
  };
}

const MAX_IP = 40;

function endpoint(sourceIp: string) {
  const isAddress = isIP(sourceIp) !== 0 && !sourceIp.includes('%') && sourceIp.length <= MAX_IP;
  return isAddress ? { ip: sourceIp } : { name: sourceIp || UNKNOWN };
}

function request({ url, userAgent }: EntryFields) {
  if (!url && !userAgent) return undefined;
  return { url: url ? { url_string: url } : undefined, user_agent: userAgent || undefined };
}

/** `status_code` is the source's own word, `status` OCSF's. */
function status(outcome: string) {
  const [status_id, status] = STATUSES.get(outcome) ?? [99, outcome];
  return { status, status_code: outcome || undefined, status_id };
}

const STATUSES: ReadonlyMap<string, readonly [id: number, name: string]> = new Map([
  ['success', [1, 'Success']],
  ['failure', [2, 'Failure']],
  ['denied', [2, 'Failure']],
  ['unknown', [0, UNKNOWN]],
  ['', [0, UNKNOWN]],
]);
