/** @promise P31 the simulation's oracle sees each thing that should not be, by its name */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import { checks, findings } from './checks.ts';
import type { Seen } from './seen.ts';
import type { Hold, Organization } from './story.ts';
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
    ...{ terminations: [], holds: [], erasures: [], ...some },
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
