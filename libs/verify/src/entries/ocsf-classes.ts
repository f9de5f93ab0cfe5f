/** What of OCSF an entry is: its class, and the activity within it. The same in versions 1 and 2 of ocsf.ndjson. */
export type OcsfClass = {
  /** Authentication, Entity Management, API Activity. */
  readonly classUid: 3002 | 3004 | 6003;
  readonly activityId: number;
  readonly activityName: string;
};

/** By the words of the operation (`session.create`, `organization.member:remove`) and the kind of its entity; docs/formats.md, OCSF. */
export function ocsfClass(operation: string, entityType: string): OcsfClass {
  const words = operation
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/);
  const kind = entityType.toLowerCase().replaceAll(/[^a-z]/g, '');
  const hasOneOf = (set: ReadonlySet<string>): boolean => words.some((word) => set.has(word));

  if (hasOneOf(LOG_OFF)) return LOGOFF;
  if (hasOneOf(LOG_ON)) return LOGON;
  if (words.includes('session') && hasOneOf(SESSION_STARTS)) return LOGON;
  if (words.includes('session') && hasOneOf(SESSION_ENDS)) return LOGOFF;
  const classUid = MANAGED_KINDS.has(kind) ? 3004 : 6003;
  const [activityId, activityName] = ACTIVITIES.find(([, , verbs]) => hasOneOf(verbs)) ?? [99, 'Other'];
  return { classUid, activityId, activityName };
}

const LOGON: OcsfClass = { classUid: 3002, activityId: 1, activityName: 'Logon' };
const LOGOFF: OcsfClass = { classUid: 3002, activityId: 2, activityName: 'Logoff' };

const LOG_ON = setOf('login logon signin');
const LOG_OFF = setOf('logout logoff signout');
const SESSION_STARTS = setOf(
  'create created start started open opened begin succeed succeeded fail failed verify verified',
);
const SESSION_ENDS = setOf('delete deleted end ended revoke revoked close closed expire expired');
const MANAGED_KINDS = setOf(
  'user member membership organization role apikey device staff grant invitation consent account key subscription',
);
const ACTIVITIES: readonly (readonly [id: number, name: string, verbs: ReadonlySet<string>])[] = [
  [
    1,
    'Create',
    setOf('create created add added register registered invite invited record start open give post'),
  ],
  [2, 'Read', setOf('read get list search view viewed export exported download query show')],
  [
    3,
    'Update',
    setOf('update updated change changed set edit rename renamed put patch assign assigned rotate'),
  ],
  [4, 'Delete', setOf('delete deleted remove removed erase erased revoke revoked purge purged end cancel')],
];

function setOf(words: string): ReadonlySet<string> {
  return new Set(words.split(' '));
}
