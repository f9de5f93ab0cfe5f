/** @promise P10, P30, P31 the simulation's oracle sees each thing that should not be, by its name */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import { checks, findings } from './checks.ts';
import type { Seen } from './seen.ts';
import type { DataRequest, Hold, Organization, Return } from './story.ts';
import { plusDays } from './time.ts';

const start = new Date('2027-01-01T00:00:00.000Z');
const day = (days: number) => plusDays(start, days);
const [organizationId, userId, memberId, operator] = [
  ...[randomUUID(), randomUUID(), randomUUID(), randomUUID()],
] as [string, string, string, string];
const policy = { kept: 30, interval: 15 };

const ended = [{ endedAt: day(0), cameBackAt: null }];
const held = (from: number, to: number | null, subject: string | null = null): Hold => ({
  ...{ holdId: randomUUID(), subject, placedAt: day(from), inForceAt: day(from) },
  releasedAt: to === null ? null : day(to),
});

function organization(some: Partial<Organization> = {}): Organization {
  return {
    ...{ organizationId, name: 'x', owner: { userId, email: 'a@example.com', password: 'x' } },
    ...{ signedUpAt: day(-10), isVerified: true, key: null, member: null, subscriptionId: null },
    ...{ terminations: [], holds: [], erasures: [], returns: [], requests: [] },
    ...some,
  };
}

/** As it is before anything is destroyed; the owners were told at the end. */
function seen(days: number, some: Partial<Seen> = {}): Seen {
  return {
    at: day(days),
    rows: rows({ 'identity.organization': 1, 'identity.event': 9, 'files.attachments': 1 }),
    entries: new Map(),
    tombstones: new Map(),
    personKeys: new Set(),
    personReceipts: new Set(),
    notices: new Map([[organizationId, [day(0)]]]),
    milestones: new Map(),
    certificates: new Map(),
    parts: new Set(),
    requests: new Map(),
    backups: [],
    ...some,
  };
}

const rows = (of: Readonly<Record<string, number>>): Seen['rows'] =>
  new Map([[organizationId, new Map(Object.entries(of))]]);
const empty = { rows: rows({ 'identity.vault_erased_organization': 1, 'audit.tile': 3 }) };
const tombstone = (days: number): Pick<Seen, 'tombstones'> => ({
  tombstones: new Map([[organizationId, [{ service: 'billing', at: day(days) }]]]),
});
const certificate = (note: string) => ({ certificates: new Map([[organizationId, note]]) });
const backup = { backups: [{ place: 'a backup', organizations: new Set([organizationId]) }] };
const entry = (days: number): Pick<Seen, 'entries'> => ({
  entries: new Map([
    [organizationId, new Map([['log/1', { recordedAt: day(days), operation: 'order.create' }]])],
  ]),
});
const certified = { ...empty, ...certificate('"exceptions":[]') };

const returned = (askedOn: number, some: Partial<Return> = {}): Pick<Organization, 'returns'> => ({
  returns: [
    {
      ...{ askedAt: day(askedOn), isByOperator: false, saidUntil: null, returnId: 'r', reason: null },
      ...{ partIds: new Set(['part']), readyAt: day(askedOn), deletedAt: null, ...some },
    },
  ],
});
const refusedReturn = (askedOn: number, reason = 'period-over') =>
  returned(askedOn, { returnId: null, reason, readyAt: null });
const parts = { parts: new Set(['part']) };

/** On 31 January, from inside, if nothing else is said. */
const january = new Date('2027-01-31T12:00:00.000Z');
const request = (some: Partial<DataRequest> = {}): Organization => {
  const receivedAt = some.receivedAt ?? january;
  const asked = { dataRequestId: 'q', contactId: 'contact', receivedAt, token: null, userId: null };
  const nothingYet = { extendedAt: null, waitedMs: 0, waitingSince: null, approvedAt: null, closedAt: null };
  return organization({ requests: [{ ...asked, confirmedAt: receivedAt, ...nothingYet, ...some }] });
};
const requestIs = (status: string, dueAt: string | null = null): Pick<Seen, 'requests'> => ({
  requests: new Map([['q', { status, dueAt: dueAt === null ? null : new Date(dueAt) }]]),
});
const addressKey = { personKeys: new Set([`identity ${organizationId} contact`]) };
const everyReceipt = { personReceipts: new Set(serviceNames.map((name) => `${name} ${memberId}`)) };

type Case = readonly [what: string, kind: string | null, of: Organization, now: Seen, before?: Seen];

const closed = organization({ terminations: ended });
const cases: readonly Case[] = [
  ['a purge on day 119', 'P31: deleted before day 120', closed, seen(119.9, tombstone(119))],
  ['a purge on day 120', null, closed, seen(121, { ...tombstone(120), ...empty })],
  [
    'a purge 119 days after a notice that was late',
    'P31: deleted before day 120',
    closed,
    seen(150, { ...tombstone(149), notices: new Map([[organizationId, [day(30)]]]) }),
  ],
  [
    'a purge on day 180, whose owners were never told',
    null,
    closed,
    seen(181, { ...tombstone(180), notices: new Map() }),
  ],
  [
    'a purge of an organization in use',
    'P31: came back, and was deleted',
    organization({ terminations: [{ endedAt: day(0), cameBackAt: day(50) }] }),
    seen(121, tombstone(120)),
  ],
  [
    'events that vanish from an organization in use',
    'P31: destroyed without a reason',
    organization(),
    seen(121, { rows: rows({ 'identity.event': 8 }) }),
  ],
  ['a row on day 210', 'P31: in production after day 210', closed, seen(210)],
  ['a row on day 209', null, closed, seen(209)],
  [
    'a file on day 210',
    'P31: in production after day 210',
    closed,
    seen(210, { rows: rows({ 'files.attachments': 1 }) }),
  ],
  ['nothing but tombstones on day 210', null, closed, seen(210, empty)],
  [
    'a row on day 400 while it is held',
    null,
    organization({ terminations: ended, holds: [held(90, null)] }),
    seen(400),
  ],
  [
    'a row 30 days after a release',
    'P31: in production 30 days after a release',
    organization({ terminations: ended, holds: [held(90, 300)] }),
    seen(330),
  ],
  ['a backup on day 300', 'P31: in backups after day 300', closed, seen(300, { ...certified, ...backup })],
  [
    'a certificate while there is a backup',
    'P31: certified while a backup holds it',
    closed,
    seen(250, { ...certified, ...backup }),
  ],
  ['no certificate on day 345', 'P31: not certified', closed, seen(345, empty)],
  [
    'a certificate of a deadline that was missed',
    'P31: not certified',
    closed,
    seen(250, { ...empty, ...certificate('"exceptions":["production-late"]') }),
  ],
  [
    'a file that vanishes while everything is held',
    'P31: destroyed in spite of a hold',
    organization({ holds: [held(10, null)] }),
    seen(30, { rows: rows({ 'identity.organization': 1, 'identity.event': 9 }) }),
    seen(20),
  ],
  [
    'a file that vanishes after the release',
    null,
    organization({ holds: [held(10, 25)] }),
    seen(30, { rows: rows({ 'identity.organization': 1, 'identity.event': 9 }) }),
    seen(20),
  ],
  [
    'a key of a person who is held',
    'P31: destroyed in spite of a hold',
    organization({ holds: [held(10, null, memberId)] }),
    seen(30),
    seen(20, { personKeys: new Set([`audit ${organizationId} ${memberId}`]) }),
  ],
  ['an entry of 13 months', 'P04: kept for more than 12 months', organization(), seen(400, entry(0))],
  [
    'an entry of 13 months that is held',
    null,
    organization({ holds: [held(10, null)] }),
    seen(400, entry(0)),
  ],
  [
    'an entry that goes after 11 months',
    'P04: deleted before 12 months',
    organization(),
    seen(340),
    seen(330, entry(0)),
  ],
  ['an entry that goes after 12 months', null, organization(), seen(367), seen(330, entry(0))],
  [
    'a key of a person 30 days after the request',
    'P10: not erased within a month',
    organization({ erasures: [{ userId: memberId, askedAt: day(10) }] }),
    seen(40, {
      personKeys: new Set([`audit ${organizationId} ${memberId}`]),
      personReceipts: new Set(serviceNames.map((name) => `${name} ${memberId}`)),
    }),
  ],
  [
    'a service without a receipt 30 days after the request',
    'P10: not erased within a month',
    organization({ erasures: [{ userId: memberId, askedAt: day(10) }] }),
    seen(40),
  ],
  [
    'an erasure that is held',
    null,
    organization({ erasures: [{ userId: memberId, askedAt: day(10) }], holds: [held(5, null)] }),
    seen(400),
  ],
  [
    'an account that nobody confirmed for 12 months',
    'P03: a sign-up that nobody confirmed is kept for more than 12 months',
    organization({ isVerified: false }),
    seen(360, { rows: rows({ 'identity.account': 1 }) }),
  ],
  [
    'a return that is refused on day 29',
    'P30: a return was refused in its time',
    organization({ terminations: ended, ...refusedReturn(29) }),
    seen(29),
  ],
  [
    'a return that is refused on day 50 after a notice on day 30',
    'P30: a return was refused in its time',
    organization({ terminations: ended, ...refusedReturn(50) }),
    seen(50, { notices: new Map([[organizationId, [day(30)]]]) }),
  ],
  [
    'a return that is refused to an organization in use',
    'P30: a return was refused in its time',
    organization(refusedReturn(29)),
    seen(29),
  ],
  [
    'a fourth archive that is refused',
    null,
    organization({ terminations: ended, ...refusedReturn(29, 'too-many-kept') }),
    seen(29),
  ],
  [
    'a return that is refused on day 31',
    null,
    organization({ terminations: ended, ...refusedReturn(31) }),
    seen(31),
  ],
  [
    'a return that is given on day 31',
    'P30: a return was given after its time',
    organization({ terminations: ended, ...returned(31) }),
    seen(31, parts),
  ],
  [
    'a return that the operator makes on day 31',
    null,
    organization({ terminations: ended, ...returned(31, { isByOperator: true }) }),
    seen(31, parts),
  ],
  [
    'an owner who is told of day 29',
    'P30: the owner is told another end of the time for a return',
    organization({ terminations: ended, ...returned(20, { saidUntil: day(29) }) }),
    seen(20, parts),
  ],
  [
    'an owner who is told of day 30',
    null,
    organization({ terminations: ended, ...returned(20, { saidUntil: day(30) }) }),
    seen(20, parts),
  ],
  [
    'an archive that is gone after 29 days',
    'P30: an archive is gone before 30 days',
    organization(returned(0)),
    seen(29),
  ],
  ['an archive that is gone after 30 days', null, organization(returned(0)), seen(30)],
  [
    'an archive after 30 days',
    'P30: an archive is kept for more than 30 days',
    organization(returned(0)),
    seen(30, parts),
  ],
  ['an archive after 29 days', null, organization(returned(0)), seen(29, parts)],
  [
    'an archive after 30 days that is held',
    null,
    organization({ ...returned(0), holds: [held(10, null)] }),
    seen(400, parts),
  ],
  [
    'an archive that its owner deleted',
    'P30: an archive is kept for more than 30 days',
    organization(returned(0, { deletedAt: day(5) })),
    seen(6, parts),
  ],
  [
    'an archive after the purge',
    'P30: an archive survives the purge',
    organization({ terminations: ended, ...returned(110, { isByOperator: true }) }),
    seen(121, {
      ...{ ...parts, ...empty, ...tombstone(120) },
      milestones: new Map([[organizationId, new Map([['production-erased', day(121)]])]]),
    }),
  ],
  [
    'a request of 31 January that is due on 3 March',
    'P10: due at another time than a month after receipt',
    request(),
    seen(31, requestIs('received', '2027-03-03T12:00:00.000Z')),
  ],
  [
    'a request of 31 January that is due on 28 February',
    null,
    request(),
    seen(31, requestIs('received', '2027-02-28T12:00:00.000Z')),
  ],
  [
    'an extension to 1 May',
    'P10: extended to another time than three months after receipt',
    request({ extendedAt: day(40) }),
    seen(41, requestIs('accepted', '2027-05-01T12:00:00.000Z')),
  ],
  [
    'an extension to 30 April',
    null,
    request({ extendedAt: day(40) }),
    seen(41, requestIs('accepted', '2027-04-30T12:00:00.000Z')),
  ],
  [
    'a request that waited for a day and is due on 28 February',
    'P10: the time went on while somebody had to show who they are',
    request({ waitedMs: 86_400_000 }),
    seen(41, requestIs('received', '2027-02-28T12:00:00.000Z')),
  ],
  [
    'a request that waited for a day and is due on 1 March',
    null,
    request({ waitedMs: 86_400_000 }),
    seen(41, requestIs('received', '2027-03-01T12:00:00.000Z')),
  ],
  [
    'an extension on 1 March',
    'P10: extended after the first month',
    request({ extendedAt: new Date('2027-03-01T00:00:00.000Z') }),
    seen(60, requestIs('accepted', '2027-04-30T12:00:00.000Z')),
  ],
  [
    'a confirmation after three days',
    'P10: confirmed after 48 hours',
    request({ receivedAt: day(0), confirmedAt: day(3) }),
    seen(3, requestIs('received')),
  ],
  [
    'a request that nobody confirmed for 48 hours',
    'P10: kept without a confirmation for more than 48 hours',
    request({ receivedAt: day(0), confirmedAt: null }),
    seen(3, requestIs('unconfirmed')),
  ],
  [
    'the address of a request that nobody confirmed for 48 hours',
    'P10: kept without a confirmation for more than 48 hours',
    request({ receivedAt: day(0), confirmedAt: null }),
    seen(3, addressKey),
  ],
  [
    'a request that nobody confirmed, of an organization that is held',
    null,
    { ...request({ receivedAt: day(0), confirmedAt: null }), holds: [held(-1, null)] },
    seen(3, requestIs('unconfirmed')),
  ],
  [
    'a request that is gone eleven months after its closure',
    'P10: a request is gone before twelve months',
    request({ closedAt: day(40) }),
    seen(374),
  ],
  ['a request that is gone twelve months after its closure', null, request({ closedAt: day(40) }), seen(407)],
  [
    'a request that is gone while it is open',
    'P10: a request is gone before twelve months',
    request(),
    seen(400),
  ],
  [
    'a request thirteen months after its closure',
    'P10: a closed request is kept for more than twelve months',
    request({ closedAt: day(40) }),
    seen(435, requestIs('closed')),
  ],
  [
    'an address a day after the closure',
    'P10: the address is kept after the closure',
    request({ closedAt: day(40) }),
    seen(41, { ...requestIs('closed'), ...addressKey }),
  ],
  [
    'an address after the closure that is held',
    null,
    { ...request({ closedAt: day(40) }), holds: [held(39, null)] },
    seen(41, { ...requestIs('closed'), ...addressKey }),
  ],
  [
    'an erasure that is not carried out on day 28',
    'P10: an approved erasure is not carried out by the target',
    request({ receivedAt: day(0), approvedAt: day(20), userId: memberId }),
    seen(28, { ...requestIs('partial'), ...everyReceipt }),
  ],
  [
    'a key of a person on day 28',
    'P10: an approved erasure is not carried out by the target',
    request({ receivedAt: day(0), approvedAt: day(20), userId: memberId }),
    seen(28, {
      ...{ ...requestIs('fulfilled'), ...everyReceipt },
      personKeys: new Set([`audit ${organizationId} ${memberId}`]),
    }),
  ],
  [
    'an erasure that was carried out on day 28',
    null,
    request({ receivedAt: day(0), approvedAt: day(20), userId: memberId }),
    seen(28, { ...requestIs('fulfilled'), ...everyReceipt }),
  ],
  [
    'an erasure of a person who is held',
    null,
    {
      ...request({ receivedAt: day(0), approvedAt: day(20), userId: memberId }),
      holds: [held(10, null, memberId)],
    },
    seen(400, requestIs('executing')),
  ],
];

describe('the checks of the simulation', () => {
  it.each(cases)('see %s: %s', (...[, kind, one, now, before]: Case) => {
    const story = { operatorOrganizationId: operator, organizations: [one] };
    const found = findings({
      story,
      seen: now,
      before: before ?? { ...seen(0), at: plusDays(now.at, -1) },
      policy,
    });
    const kinds = found.map((finding) => finding.kind);
    if (kind === null) expect(kinds).toEqual([]);
    else expect(kinds).toContain(kind);
  });

  it('are all tried here', () => {
    const tried = new Set(cases.map(([, kind]) => kind));
    expect(checks.map(({ kind }) => kind).filter((kind) => !tried.has(kind))).toEqual([]);
  });
});
