/** What of OCSF an entry is: its class, and the activity within it. */
export type Activity = {
  readonly classUid: 3002 | 3004 | 6003;
  readonly activityId: number;
  readonly activityName: string;
};

/** By the words of the operation (`session.create`, `organization.member:remove`) and the type of its entity. */
export function classify(operation: string, entityType: string): Activity {
  const known = classified.get(operation)?.get(entityType);
  if (known) return known;
  const activity = classifyWords(wordsOf(operation), entityType.toLowerCase().replaceAll(/[^a-z]/g, ''));
  // Operations are few; what a client makes up without end is not kept.
  if (kept++ < 10_000) {
    const types = classified.get(operation) ?? new Map<string, Activity>();
    classified.set(operation, types.set(entityType, activity));
  }
  return activity;
}

/** By operation, then by type of entity. */
const classified = new Map<string, Map<string, Activity>>();
let kept = 0;

function classifyWords(words: readonly string[], entityType: string): Activity {
  const has = (set: ReadonlySet<string>): boolean => words.some((word) => set.has(word));
  if (has(LOG_OFF)) return { classUid: 3002, activityId: 2, activityName: 'Logoff' };
  if (has(LOG_ON)) return { classUid: 3002, activityId: 1, activityName: 'Logon' };
  if (words.includes('session')) {
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

const LOG_ON = new Set(['login', 'logon', 'signin']);
const LOG_OFF = new Set(['logout', 'logoff', 'signout']);
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
