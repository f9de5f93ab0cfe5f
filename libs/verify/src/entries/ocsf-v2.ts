import { isIP } from 'node:net';
import { millisecondsOf } from '../instant.js';
import type { EntryFieldsV2, TypeAndId } from './entry-fields-v2.js';
import { ocsfClass, type OcsfClass } from './ocsf-classes.js';
import type { ShownEntry } from './shown-entry.js';

/**
 * Version 2 of a line of ocsf.ndjson, as docs/formats.md describes it: canonical JSON, so members stand in the order of
 * their names, and what there is none of is missing. Frozen: bundles of this version are in other hands.
 *
 * `JSON.stringify` writes the members of these objects in the order in which they stand here, and none that is undefined.
 */
export function ocsfLineV2(shown: ShownEntry, fields: EntryFieldsV2): string {
  const { text, actor, entity } = fields;
  const kind = ocsfClass(text('operation'), entity.type);
  const { classUid, activityId, activityName } = kind;
  const [isLogin, isManagement, isApi] = [classUid === 3002, classUid === 3004, classUid === 6003];
  const hasResource = isApi && (entity.type !== '' || entity.id !== '');
  const [occurredAt, recordedAt] = [millisecondsOf(text('occurredAt')), millisecondsOf(text('recordedAt'))];
  const { name: statusName, id: statusId } = status(text('outcome'));
  const upToUnmapped = {
    activity_id: activityId,
    activity_name: activityName,
    actor: { user: named(actor) },
    api: isApi ? { operation: orUnknown(text('operation')) } : undefined,
    category_uid: isApi ? 6 : 3,
    class_uid: classUid,
    entity: isManagement ? named(entity) : undefined,
    http_request: httpRequest(text('url'), text('userAgent')),
    message: isApi ? undefined : orUnknown(text('operation')),
    metadata: metadata(shown, fields, kind, recordedAt),
    resources: hasResource ? [named(entity)] : undefined,
    service: isLogin ? { name: orUnknown(text('source')) } : undefined,
    severity_id: 1,
    src_endpoint: endpoint(text('sourceIp')),
    status: statusName,
    status_code: ifAny(text('outcome')),
    status_id: statusId,
    time: occurredAt ?? recordedAt ?? 0,
    type_uid: classUid * 100 + activityId,
  };
  const user = isLogin ? `,"user":${JSON.stringify(named(actor))}` : '';
  return `${JSON.stringify(upToUnmapped).slice(0, -1)},"unmapped":${unmapped(shown, fields)}${user}}\n`;
}

function ifAny(text: string): string | undefined {
  return text === '' ? undefined : text;
}

function orUnknown(text: string): string {
  return text === '' ? 'Unknown' : text;
}

function status(outcome: string): { id: number; name: string } {
  switch (outcome) {
    case 'success':
      return { id: 1, name: 'Success' };
    case 'failure':
    case 'denied':
      return { id: 2, name: 'Failure' };
    case 'unknown':
    case '':
      return { id: 0, name: 'Unknown' };
    default:
      return { id: 99, name: outcome };
  }
}

function metadata(
  { logId, index }: ShownEntry,
  { text }: EntryFieldsV2,
  { classUid }: OcsfClass,
  recordedAt: number | undefined,
): object {
  return {
    correlation_uid: ifAny(text('requestId')),
    log_name: logId,
    log_provider: ifAny(text('source')),
    logged_time: recordedAt,
    original_time: ifAny(text('occurredAt')),
    product: { name: 'Vouchsafe', vendor_name: 'Vouchsafe' },
    profiles: classUid === 3004 ? ['host'] : undefined,
    sequence: index,
    uid: ifAny(text('id')),
    version: '1.3.0',
  };
}

/** Who or what, by the name `Unknown` where it has no id. */
function named({ type, id }: TypeAndId): object {
  return { name: id === '' ? 'Unknown' : undefined, type: ifAny(type), uid: ifAny(id) };
}

function endpoint(sourceIp: string): object {
  const isAddress = isIP(sourceIp) !== 0 && !sourceIp.includes('%') && sourceIp.length <= 40;
  return isAddress ? { ip: sourceIp } : { name: orUnknown(sourceIp) };
}

function httpRequest(url: string, userAgent: string): object | undefined {
  if (url === '' && userAgent === '') return undefined;
  return { url: url === '' ? undefined : { url_string: url }, user_agent: ifAny(userAgent) };
}

/** Put together as text: the order of names within `details` and `other` is one that no object of JavaScript could keep. */
function unmapped(
  { undisclosed, erased, held }: ShownEntry,
  { provenance, submitter, detailsJson, otherJson }: EntryFieldsV2,
): string {
  const { type, id } = submitter;
  const hasSubmitter = type !== '' || id !== '';
  const who = hasSubmitter ? `,"submitter":${JSON.stringify({ id: ifAny(id), type: ifAny(type) })}` : '';
  return (
    `{"details":${detailsJson},"erased":${erased},"held":${held},"other":${otherJson}` +
    `,"provenance":${JSON.stringify(provenance)}${who},"undisclosed":${undisclosed}}`
  );
}
