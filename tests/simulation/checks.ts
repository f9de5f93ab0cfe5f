/** Every deadline, on every organization, by the figures of the promises and what the stores hold (P03, P04, P10, P30, P31). */
import { type BackupPolicy, type Check, endAt, type Given, isHeldSince } from './check.ts';
import { personLeft, requestChecks } from './request-checks.ts';
import { returnChecks } from './return-checks.ts';
import type { Seen } from './seen.ts';
import { endOf, type Hold, type Organization, type Termination } from './story.ts';
import { plusDays } from './time.ts';

/**
 * What is promised, in days; written down here a second time, so that a wrong figure in a service is seen. Nothing of the services is
 * imported.
 */
const promised = {
  // P31
  inactive: 120,
  latestPurge: 180,
  production: 210,
  backups: 300,
  productionAfterRelease: 30,
  // P10: a month
  erasure: 30,
  // P03, P04
  months: 12,
} as const;

/** A run of the retention comes once a day. */
const RETENTION_DAYS = 2;

/** No promise: when the last backup has gone, it is found out, and certified, within some weeks. */
const CERTIFICATE_DAYS = 45;

/** Something that should not be. */
export interface Finding {
  readonly kind: string;
  readonly what: string;
}

export function findings(given: Given): Finding[] {
  const { organizations, operatorOrganizationId } = given.story;
  const found = organizations.flatMap((organization) =>
    checks.flatMap(({ kind, find }) =>
      find(organization, given).map((what) => ({
        kind,
        what: `${given.seen.at.toISOString()} ${organization.organizationId}: ${what}`,
      })),
    ),
  );
  // Logs of the operator are logs, too.
  const operators = lateEntries(operatorOrganizationId, [], given).map((what) => ({
    kind: 'P04: kept for more than 12 months',
    what: `${given.seen.at.toISOString()} the operator: ${what}`,
  }));
  return [...found, ...operators];
}

/** Add here what else is promised for a time. */
export const checks: readonly Check[] = [
  { kind: 'P31: deleted before day 120', find: deletedEarly },
  { kind: 'P31: came back, and was deleted', find: deletedInUse },
  { kind: 'P31: destroyed without a reason', find: destroyedWithoutReason },
  { kind: 'P31: in production after day 210', find: leftInProduction },
  { kind: 'P31: in production 30 days after a release', find: leftAfterRelease },
  { kind: 'P31: in backups after day 300', find: leftInBackups },
  { kind: 'P31: certified while a backup holds it', find: certifiedEarly },
  { kind: 'P31: not certified', find: neverCertified },
  { kind: 'P31: destroyed in spite of a hold', find: destroyedWhileHeld },
  {
    kind: 'P04: kept for more than 12 months',
    find: (one, given) => lateEntries(one.organizationId, one.holds, given),
  },
  { kind: 'P04: deleted before 12 months', find: earlyEntries },
  { kind: 'P10: not erased within a month', find: erasureLate },
  { kind: 'P03: a sign-up that nobody confirmed is kept for more than 12 months', find: signUpLeft },
  ...returnChecks,
  ...requestChecks,
];

function deletedEarly(organization: Organization, { seen, before }: Given): readonly string[] {
  return newTombstones(organization, seen, before).flatMap(({ service, at }) => {
    const end = endAt(organization, at);
    const from = end && purgeableFrom(end, organization, seen);
    return from && at < from
      ? [`${service} was to delete it at ${at.toISOString()}, before ${from.toISOString()}`]
      : [];
  });
}

function deletedInUse(organization: Organization, { seen, before }: Given): readonly string[] {
  if (!organization.isVerified) return [];
  return newTombstones(organization, seen, before).flatMap(({ service, at }) =>
    endAt(organization, at) ? [] : [`${service} was to delete it at ${at.toISOString()}`],
  );
}

function newTombstones({ organizationId }: Organization, seen: Seen, before: Seen) {
  const isKnown = (before.tombstones.get(organizationId) ?? []).length > 0;
  return isKnown ? [] : (seen.tombstones.get(organizationId) ?? []);
}

/** 120 days from the later of T0 and the notice; a notice that is late puts it off until day 180 at most. */
function purgeableFrom({ endedAt }: Termination, { organizationId }: Organization, seen: Seen): Date {
  const notice = seen.notices.get(organizationId)?.find((at) => at >= endedAt);
  const latest = plusDays(endedAt, promised.latestPurge);
  if (!notice) return latest;
  const from = plusDays(notice, promised.inactive);
  return from < latest ? from : latest;
}

/** What never becomes less, but by a deletion of the whole organization. */
const lasting = ['identity.event', 'lifecycle.event', 'audit.log', 'identity.vault_organization_key'];

function destroyedWithoutReason(organization: Organization, { seen, before }: Given): readonly string[] {
  const { organizationId, isVerified } = organization;
  const end = endAt(organization, seen.at);
  const isDue = end && seen.at >= purgeableFrom(end, organization, seen);
  if (isDue || !isVerified) return [];
  return shrunk(organizationId, seen, before, (place) => lasting.includes(place));
}

function shrunk(
  organizationId: string,
  seen: Seen,
  before: Seen,
  wanted: (place: string) => boolean,
): readonly string[] {
  const now = seen.rows.get(organizationId);
  return [...(before.rows.get(organizationId) ?? [])].flatMap(([place, rows]) => {
    const left = now?.get(place) ?? 0;
    return wanted(place) && left < rows ? [`${place} had ${rows}, and has ${left}`] : [];
  });
}

/** What says of a deletion that it was done: tombstones, counts of facts that came late, and the hashes of the log. */
const stays =
  /^(\w+\.(vault_erased_key|vault_erased_organization|late_fact)|audit\.(log|tile|checkpoint|signing_key))$/;

function inProduction({ organizationId }: Organization, { rows }: Seen): readonly string[] {
  return [...(rows.get(organizationId) ?? [])]
    .filter(([place, count]) => count > 0 && !stays.test(place))
    .map(([place, count]) => `${count} in ${place}`);
}

function leftInProduction(organization: Organization, { seen }: Given): readonly string[] {
  const end = endOf(organization);
  if (!end || heldSince(organization, end.endedAt).length > 0) return [];
  return seen.at >= plusDays(end.endedAt, promised.production) ? inProduction(organization, seen) : [];
}

function leftAfterRelease(organization: Organization, { seen }: Given): readonly string[] {
  const end = endOf(organization);
  const holds = end ? heldSince(organization, end.endedAt) : [];
  const until = end && holds.length > 0 ? emptyBy(end, holds) : null;
  return until && seen.at >= until ? inProduction(organization, seen) : [];
}

function heldSince({ holds }: Organization, since: Date): readonly Hold[] {
  return holds.filter(({ releasedAt }) => releasedAt === null || releasedAt > since);
}

/** @returns when production must be empty; null while something is held */
function emptyBy({ endedAt }: Termination, holds: readonly Hold[]): Date | null {
  let by = plusDays(endedAt, promised.production);
  for (const { releasedAt } of holds) {
    if (releasedAt === null) return null;
    const after = plusDays(releasedAt, promised.productionAfterRelease);
    if (after > by) by = after;
  }
  return by;
}

function backupsEmptyBy(organization: Organization, policy: BackupPolicy): Date | null {
  const end = endOf(organization);
  if (!end) return null;
  const holds = heldSince(organization, end.endedAt);
  const production = emptyBy(end, holds);
  if (production === null) return null;
  const by = plusDays(end.endedAt, promised.backups);
  const afterRelease = plusDays(production, policy.kept + 2 * policy.interval);
  return holds.length > 0 && afterRelease > by ? afterRelease : by;
}

function leftInBackups(organization: Organization, { seen, policy }: Given): readonly string[] {
  const by = backupsEmptyBy(organization, policy);
  return by && seen.at >= by ? inBackups(organization, seen) : [];
}

function inBackups({ organizationId }: Organization, { backups }: Seen): readonly string[] {
  return backups.flatMap(({ place, organizations }) => (organizations.has(organizationId) ? [place] : []));
}

function certifiedEarly(organization: Organization, { seen }: Given): readonly string[] {
  if (!seen.certificates.has(organization.organizationId)) return [];
  return [...inBackups(organization, seen), ...inProduction(organization, seen)];
}

/** Soon after the day on which no backup may have it any more, and without a deadline that was missed unless something was held. */
function neverCertified(organization: Organization, { seen, policy }: Given): readonly string[] {
  const by = backupsEmptyBy(organization, policy);
  const note = seen.certificates.get(organization.organizationId);
  if (note === undefined)
    return by && seen.at >= plusDays(by, CERTIFICATE_DAYS) ? ['it has no certificate'] : [];
  const end = endOf(organization);
  const isHeld = end !== undefined && heldSince(organization, end.endedAt).length > 0;
  return isHeld || note.includes('"exceptions":[]')
    ? []
    : ['its certificate says that a deadline was missed'];
}

/** What a hold keeps. What ends access goes: sessions, links, credentials. */
const held =
  /^(\w+\.(event|vault_organization_key|vault_data_key)|identity\.(organization|account|consent|email|invitation)|audit\.(entry|disclosure|log|tile)|billing\.(customer|subscription|invoice|payment_method)|lifecycle\.(organization|attachment|data_return|return_part|data_request)|files\.attachments)$/;

function destroyedWhileHeld(organization: Organization, { seen, before }: Given): readonly string[] {
  const { organizationId, holds } = organization;
  const is = endAt(organization, before.at) ? 'ended' : 'in use';
  return holds
    .filter((hold) => isInForce(hold, before.at, seen.at))
    .flatMap(({ subject }) =>
      subject === null
        ? shrunk(organizationId, seen, before, (place) => held.test(place))
        : [...before.personKeys].filter(
            (key) => key.endsWith(` ${organizationId} ${subject}`) && !seen.personKeys.has(key),
          ),
    )
    .map((what) => `${is}, ${what}`);
}

function isInForce({ inForceAt, releasedAt }: Hold, from: Date, to: Date): boolean {
  return inForceAt !== null && inForceAt <= from && (releasedAt === null || releasedAt >= to);
}

/** That entries expired is an entry; it goes with the next ones that expire. */
const RETENTION_RUN = 'audit-retention.run';

function lateEntries(organizationId: string, holds: readonly Hold[], { seen }: Given): readonly string[] {
  const free = plusDays(seen.at, -RETENTION_DAYS);
  if (isHeldSince(holds, free)) return [];
  const before = monthsBefore(free, promised.months);
  const late = [...(seen.entries.get(organizationId)?.values() ?? [])].filter(
    ({ recordedAt, operation }) => recordedAt < before && operation !== RETENTION_RUN,
  );
  const [first] = late;
  return first
    ? [`${late.length} entries, ${first.operation} of ${first.recordedAt.toISOString()} among them`]
    : [];
}

function earlyEntries(organization: Organization, { seen, before }: Given): readonly string[] {
  const { organizationId } = organization;
  if (seen.tombstones.has(organizationId)) return [];
  const now = seen.entries.get(organizationId);
  const from = monthsBefore(seen.at, promised.months);
  return [...(before.entries.get(organizationId) ?? [])]
    .filter(([key, { recordedAt }]) => !now?.has(key) && recordedAt > from)
    .map(([key, { operation, recordedAt }]) => `${key}, ${operation} of ${recordedAt.toISOString()}`);
}

function monthsBefore(at: Date, months: number): Date {
  const before = new Date(at);
  before.setUTCMonth(before.getUTCMonth() - months);
  return before;
}

function erasureLate(organization: Organization, { seen, story }: Given): readonly string[] {
  const { organizationId, erasures, holds } = organization;
  // Everybody went with the organization.
  if (seen.tombstones.has(organizationId)) return [];
  return erasures.flatMap(({ userId, askedAt }) => {
    const stopping = holds.filter(
      ({ subject, releasedAt }) =>
        (subject === null || subject === userId) && (releasedAt === null || releasedAt > askedAt),
    );
    const by = stopping.reduce<Date | null>(
      (latest, { releasedAt }) => {
        if (latest === null || releasedAt === null) return null;
        const after = plusDays(releasedAt, promised.erasure);
        return after > latest ? after : latest;
      },
      plusDays(askedAt, promised.erasure),
    );
    if (by === null || seen.at < by) return [];
    return personLeft(organization, userId, seen, story.operatorOrganizationId);
  });
}

function signUpLeft({ organizationId, isVerified, signedUpAt, holds }: Organization, { seen }: Given) {
  if (isVerified || holds.length > 0 || signedUpAt > monthsBefore(seen.at, promised.months)) return [];
  const accounts = seen.rows.get(organizationId)?.get('identity.account') ?? 0;
  return accounts > 0 ? [`${accounts} accounts`] : [];
}
