import { isIP } from 'node:net';
import { isFineInstant } from '../instant.js';
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
  const [occurredAt, recordedAt] = [milliseconds(text('occurredAt')), milliseconds(text('recordedAt'))];
  const event = object(
    member('activity_id', activityId),
    member('activity_name', json(activityName)),
    member('actor', object(member('user', named(actor)))),
    isApi && member('api', object(member('operation', orUnknown(text('operation'))))),
    member('category_uid', isApi ? 6 : 3),
    member('class_uid', classUid),
    isManagement && member('entity', named(entity)),
    httpRequest(text('url'), text('userAgent')),
    !isApi && member('message', orUnknown(text('operation'))),
    member('metadata', metadata(shown, fields, kind, recordedAt)),
    hasResource && member('resources', `[${named(entity)}]`),
    isLogin && member('service', object(member('name', orUnknown(text('source'))))),
    member('severity_id', 1),
    member('src_endpoint', endpoint(text('sourceIp'))),
    status(text('outcome')),
    member('time', occurredAt ?? recordedAt ?? 0),
    member('type_uid', classUid * 100 + activityId),
    member('unmapped', unmapped(shown, fields)),
    isLogin && member('user', named(actor)),
  );
  return `${event}\n`;
}

/** An object of members in the order given; where one is not there, `false` stands in its place. */
function object(...members: readonly (string | false)[]): string {
  let written = '';
  for (const one of members) if (one !== false) written += one;
  return `{${written.slice(1)}}`;
}

/** A member, whose value is JSON already, behind a comma. */
function member(name: string, value: string | number | boolean): string {
  return `,"${name}":${value}`;
}

/** A member that is there unless its text is empty. */
function memberIfAny(name: string, text: string): string | false {
  return text !== '' && member(name, json(text));
}

function json(text: string): string {
  return JSON.stringify(text);
}

function orUnknown(text: string): string {
  return json(text === '' ? 'Unknown' : text);
}

function status(outcome: string): string {
  const [id, name] = statusOf(outcome);
  const statusCode = outcome === '' ? '' : member('status_code', json(outcome));
  return member('status', json(name)) + statusCode + member('status_id', id);
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

function metadata(
  { logId, index }: ShownEntry,
  { text }: EntryFieldsV2,
  { classUid }: OcsfClass,
  recordedAt: number | undefined,
): string {
  return object(
    memberIfAny('correlation_uid', text('requestId')),
    member('log_name', json(logId)),
    memberIfAny('log_provider', text('source')),
    recordedAt !== undefined && member('logged_time', recordedAt),
    memberIfAny('original_time', text('occurredAt')),
    member('product', '{"name":"Vouchsafe","vendor_name":"Vouchsafe"}'),
    classUid === 3004 && member('profiles', '["host"]'),
    member('sequence', index),
    memberIfAny('uid', text('id')),
    member('version', '"1.3.0"'),
  );
}

/** Who or what, by the name `Unknown` where it has no id. */
function named({ type, id }: TypeAndId): string {
  return object(id === '' && member('name', '"Unknown"'), memberIfAny('type', type), memberIfAny('uid', id));
}

function endpoint(sourceIp: string): string {
  const isAddress = isIP(sourceIp) !== 0 && !sourceIp.includes('%') && sourceIp.length <= 40;
  return object(isAddress ? member('ip', json(sourceIp)) : member('name', orUnknown(sourceIp)));
}

function httpRequest(url: string, userAgent: string): string | false {
  if (url === '' && userAgent === '') return false;
  return member(
    'http_request',
    object(
      url !== '' && member('url', object(member('url_string', json(url)))),
      memberIfAny('user_agent', userAgent),
    ),
  );
}

function unmapped(
  { undisclosed, erased, held }: ShownEntry,
  { provenance, submitter, details, other }: EntryFieldsV2,
): string {
  const { type, id } = submitter;
  const hasSubmitter = type !== '' || id !== '';
  return object(
    member('details', sortedJson(details)),
    member('erased', erased),
    member('held', held),
    member('other', sortedJson(other)),
    member('provenance', json(provenance)),
    hasSubmitter && member('submitter', object(memberIfAny('id', id), memberIfAny('type', type))),
    member('undisclosed', undisclosed),
  );
}

/** Digits behind the third are cut off. */
function milliseconds(text: string): number | undefined {
  return isFineInstant(text) ? Date.parse(`${text.slice(0, 23)}Z`) : undefined;
}
