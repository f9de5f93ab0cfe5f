import type { JsonObject } from '@vouchsafe/transparency-log';
import { objectIn, otherMembers, textIn, type EntryFields } from './entry-fields.js';

/**
 * The Open Cybersecurity Schema Framework, version 1.3.0 (schema.ocsf.io): an entry as one of its events. Log-ins and
 * sessions are Authentication (3002), changes of who and what there is are Entity Management (3004), and everything
 * else that was done through the API is API Activity (6003).
 */
export const OCSF_VERSION = '1.3.0';

/** The event of an entry. The SIEM stream sends the same events that a bundle holds. */
export function ocsfEvent({ logId, index, entry, undisclosed, erased, held }: EntryFields): JsonObject {
  const operation = textIn(entry, 'operation');
  const { classUid, activityId, activityName } = classify(
    operation,
    textIn(objectIn(entry, 'entity'), 'type'),
  );
  const recordedAt = textIn(entry, 'recordedAt');
  const occurredAt = textIn(entry, 'occurredAt');
  const id = textIn(entry, 'id');
  const requestId = textIn(entry, 'requestId');
  return {
    activity_id: activityId,
    activity_name: activityName,
    category_uid: classUid === 6003 ? 6 : 3,
    class_uid: classUid,
    type_uid: classUid * 100 + activityId,
    time: milliseconds(occurredAt) ?? milliseconds(recordedAt) ?? 0,
    severity_id: 1,
    ...statusOf(textIn(entry, 'outcome')),
    metadata: {
      version: OCSF_VERSION,
      product: { name: 'Vouchsafe', vendor_name: 'Vouchsafe' },
      log_name: logId,
      sequence: index,
      ...(id !== '' && { uid: id }),
      ...(requestId !== '' && { correlation_uid: requestId }),
      ...withTime('logged_time', recordedAt),
    },
    actor: { user: userOf(objectIn(entry, 'actor')) },
    ...subjectOf(classUid, entry, operation),
    ...endpointOf(entry),
    unmapped: {
      details: objectIn(entry, 'details'),
      other: otherMembers(entry),
      undisclosed,
      erased,
      held,
    },
  };
}

type Activity = {
  readonly classUid: 3002 | 3004 | 6003;
  readonly activityId: number;
  readonly activityName: string;
};

const LOG_ON = new Set(['login', 'logon', 'signin']);
const LOG_OFF = new Set(['logout', 'logoff', 'signout']);
const SESSION_NOUNS = new Set([
  'session',
  'login',
  'logon',
  'authentication',
  'mfa',
  'password',
  'passkey',
  'credential',
]);
const STARTS = new Set([
  'create',
  'created',
  'start',
  'started',
  'open',
  'opened',
  'begin',
  'succeed',
  'succeeded',
  'fail',
  'failed',
  'verify',
  'verified',
]);
const ENDS = new Set([
  'delete',
  'deleted',
  'end',
  'ended',
  'revoke',
  'revoked',
  'close',
  'closed',
  'expire',
  'expired',
]);
const MANAGED = new Set([
  'user',
  'member',
  'membership',
  'organization',
  'role',
  'apikey',
  'device',
  'staff',
  'grant',
  'invitation',
  'consent',
  'account',
  'key',
  'subscription',
]);

const VERBS: readonly (readonly [id: number, name: string, words: ReadonlySet<string>])[] = [
  [
    1,
    'Create',
    new Set([
      'create',
      'created',
      'add',
      'added',
      'register',
      'registered',
      'invite',
      'invited',
      'record',
      'start',
      'open',
      'give',
      'post',
    ]),
  ],
  [
    2,
    'Read',
    new Set([
      'read',
      'get',
      'list',
      'search',
      'view',
      'viewed',
      'export',
      'exported',
      'download',
      'query',
      'show',
    ]),
  ],
  [
    3,
    'Update',
    new Set([
      'update',
      'updated',
      'change',
      'changed',
      'set',
      'edit',
      'rename',
      'renamed',
      'put',
      'patch',
      'assign',
      'assigned',
      'rotate',
    ]),
  ],
  [
    4,
    'Delete',
    new Set([
      'delete',
      'deleted',
      'remove',
      'removed',
      'erase',
      'erased',
      'revoke',
      'revoked',
      'purge',
      'purged',
      'end',
      'cancel',
    ]),
  ],
];

const classified = new Map<string, Activity>();

/** By the words of the operation (`session.create`, `organization.member:remove`) and the type of its entity. */
function classify(operation: string, entityType: string): Activity {
  const key = `${operation}\n${entityType}`;
  const known = classified.get(key);
  if (known) return known;
  const activity = classifyWords(wordsOf(operation), entityType.toLowerCase().replaceAll(/[^a-z]/g, ''));
  // Operations are few; what a client makes up without end is not kept.
  if (classified.size < 10_000) classified.set(key, activity);
  return activity;
}

function classifyWords(words: readonly string[], entityType: string): Activity {
  const has = (set: ReadonlySet<string>): boolean => words.some((word) => set.has(word));
  if (has(LOG_OFF)) return { classUid: 3002, activityId: 2, activityName: 'Logoff' };
  if (has(LOG_ON)) return { classUid: 3002, activityId: 1, activityName: 'Logon' };
  if (has(SESSION_NOUNS) && words.includes('session')) {
    if (has(STARTS)) return { classUid: 3002, activityId: 1, activityName: 'Logon' };
    if (has(ENDS)) return { classUid: 3002, activityId: 2, activityName: 'Logoff' };
  }
  const [activityId, activityName] = VERBS.find(([, , verbs]) => has(verbs)) ?? [99, 'Other'];
  return { classUid: MANAGED.has(entityType) ? 3004 : 6003, activityId, activityName };
}

function wordsOf(operation: string): string[] {
  return operation
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/);
}

function statusOf(outcome: string): JsonObject {
  if (outcome === 'success') return { status_id: 1, status: 'Success' };
  if (outcome === 'failure' || outcome === 'denied')
    return { status_id: 2, status: 'Failure', status_detail: outcome };
  return { status_id: 99, status: 'Other', status_detail: outcome };
}

/** The object that each class requires of its own: `user`, `entity` or `api`. */
function subjectOf(classUid: Activity['classUid'], entry: JsonObject, operation: string): JsonObject {
  const entity = objectIn(entry, 'entity');
  const resource = { type: textIn(entity, 'type'), uid: textIn(entity, 'id') };
  if (classUid === 3002) return { user: userOf(objectIn(entry, 'actor')), message: operation };
  if (classUid === 3004) return { entity: resource, message: operation };
  return { api: { operation }, resources: [resource] };
}

function userOf(actor: JsonObject): JsonObject {
  return { uid: textIn(actor, 'id'), type: textIn(actor, 'type') };
}

/** OCSF requires `src_endpoint`; where the address is withheld it is there and empty. */
function endpointOf(entry: JsonObject): JsonObject {
  const ip = textIn(entry, 'sourceIp');
  const url = textIn(entry, 'url');
  const agent = textIn(entry, 'userAgent');
  return {
    src_endpoint: ip === '' ? {} : { ip },
    ...((url !== '' || agent !== '') && {
      http_request: {
        ...(url !== '' && { url: { url_string: url } }),
        ...(agent !== '' && { user_agent: agent }),
      },
    }),
  };
}

function withTime(name: string, instant: string): JsonObject {
  const time = milliseconds(instant);
  return time === undefined ? {} : { [name]: time };
}

function milliseconds(instant: string): number | undefined {
  const time = Date.parse(instant);
  return Number.isNaN(time) ? undefined : time;
}

/** One line of ocsf.ndjson, its members in the order of `ocsfEvent`, and one event of the stream to a SIEM. */
export function ocsfLine(fields: EntryFields): string {
  return `${JSON.stringify(ocsfEvent(fields))}\n`;
}
