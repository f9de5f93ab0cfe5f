/** When a request must be answered and carried out, and when what it says of whoever asked goes (P10). */
import { serviceNames } from '@vouchsafe/contracts';
import { type Check, type Given, isHeldSince, plusMonths } from './check.ts';
import type { Seen } from './seen.ts';
import type { DataRequest, Organization } from './story.ts';
import { plusDays } from './time.ts';

/** Article 12(3) GDPR in months; the rest is the operator's own, in docs/requests.md. */
const promised = {
  months: 1,
  extendedMonths: 3,
  targetDays: 28,
  unconfirmedDays: 2,
  keptMonths: 12,
} as const;

/** What is due is carried out within hours. */
const CARRIED_OUT_DAYS = 1;
/** P31: what a hold has put off goes within 30 days of its release. */
const AFTER_A_HOLD_DAYS = 30;
/** Between an action and the service's own look at the clock. */
const MOMENT_MS = 300_000;

const done = ['fulfilled', 'fulfilled-with-exceptions', 'recipients-notified', 'closed'];

export const requestChecks: readonly Check[] = [
  {
    kind: 'P10: due at another time than a month after receipt',
    find: dueAtAnotherTime(({ extendedAt, waitedMs }) => extendedAt === null && waitedMs === 0),
  },
  {
    kind: 'P10: extended to another time than three months after receipt',
    find: dueAtAnotherTime(({ extendedAt, waitedMs }) => extendedAt !== null && waitedMs === 0),
  },
  {
    kind: 'P10: the time went on while somebody had to show who they are',
    find: dueAtAnotherTime(({ waitedMs }) => waitedMs > 0),
  },
  { kind: 'P10: extended after the first month', find: extendedLate },
  { kind: 'P10: confirmed after 48 hours', find: confirmedLate },
  { kind: 'P10: kept without a confirmation for more than 48 hours', find: keptUnconfirmed },
  { kind: 'P10: a request is gone before twelve months', find: requestGone },
  { kind: 'P10: a closed request is kept for more than twelve months', find: requestKept },
  { kind: 'P10: the address is kept after the closure', find: addressKept },
  { kind: 'P10: an approved erasure is not carried out by the target', find: erasureLate },
];

function dueAtAnotherTime(isMeant: (one: DataRequest) => boolean): Check['find'] {
  return ({ requests }, { seen }) =>
    requests.filter(isMeant).flatMap((one) => {
      const dueAt = seen.requests.get(one.dataRequestId)?.dueAt;
      if (!dueAt || one.confirmedAt === null) return [];
      const wanted = dueAfter(one, one.extendedAt === null ? promised.months : promised.extendedMonths);
      return Math.abs(dueAt.getTime() - wanted.getTime()) > MOMENT_MS
        ? [`${one.dataRequestId} is due at ${dueAt.toISOString()} and not ${wanted.toISOString()}`]
        : [];
    });
}

function dueAfter({ receivedAt, waitedMs }: DataRequest, months: number): Date {
  return new Date(plusMonths(receivedAt, months).getTime() + waitedMs);
}

function extendedLate({ requests }: Organization): readonly string[] {
  return requests.flatMap((one) =>
    one.extendedAt && one.extendedAt > dueAfter(one, promised.months)
      ? [`${one.dataRequestId} at ${one.extendedAt.toISOString()}`]
      : [],
  );
}

function confirmedLate({ requests }: Organization): readonly string[] {
  return requests.flatMap(({ dataRequestId, receivedAt, confirmedAt }) =>
    confirmedAt && confirmedAt > plusDays(receivedAt, promised.unconfirmedDays)
      ? [`${dataRequestId} at ${confirmedAt.toISOString()}`]
      : [],
  );
}

function keptUnconfirmed(organization: Organization, { seen }: Given): readonly string[] {
  return organization.requests
    .filter(({ confirmedAt }) => confirmedAt === null)
    .filter(({ receivedAt }) => isPast(plusDays(receivedAt, promised.unconfirmedDays), seen))
    .filter((one) => !isHeld(organization, one, seen))
    .flatMap((one) => leftOf(organization, one, seen));
}

function requestGone({ organizationId, requests }: Organization, { seen }: Given): readonly string[] {
  // It went with the organization.
  if (seen.tombstones.has(organizationId)) return [];
  return requests
    .filter(({ confirmedAt }) => confirmedAt !== null)
    .filter(({ closedAt }) => closedAt === null || seen.at < plusMonths(closedAt, promised.keptMonths))
    .filter(({ dataRequestId }) => !seen.requests.has(dataRequestId))
    .map(({ dataRequestId }) => dataRequestId);
}

function requestKept(organization: Organization, { seen }: Given): readonly string[] {
  return closedOnes(organization)
    .filter(({ closedAt }) => isPast(plusMonths(closedAt, promised.keptMonths), seen))
    .filter((one) => !isHeld(organization, one, seen))
    .flatMap((one) => leftOf(organization, one, seen));
}

function addressKept(organization: Organization, { seen }: Given): readonly string[] {
  return closedOnes(organization)
    .filter(({ closedAt }) => isPast(closedAt, seen))
    .filter((one) => !isHeld(organization, one, seen))
    .flatMap(({ contactId }) => keysOf(organization, contactId, seen));
}

function closedOnes({ requests }: Organization) {
  return requests.flatMap((one) => (one.closedAt === null ? [] : [{ ...one, closedAt: one.closedAt }]));
}

function isPast(time: Date, seen: Seen): boolean {
  return seen.at >= plusDays(time, CARRIED_OUT_DAYS);
}

function isHeld({ holds }: Organization, { userId }: DataRequest, seen: Seen): boolean {
  const theirs = holds.filter(({ subject }) => subject === null || subject === userId);
  return isHeldSince(theirs, plusDays(seen.at, -AFTER_A_HOLD_DAYS));
}

/** The request itself, and what is sealed for whoever asked. */
function leftOf(
  organization: Organization,
  { dataRequestId, contactId }: DataRequest,
  seen: Seen,
): readonly string[] {
  const row = seen.requests.has(dataRequestId) ? [`the request ${dataRequestId}`] : [];
  const ids = [dataRequestId, contactId];
  return [...row, ...ids.flatMap((id) => keysOf(organization, id, seen))];
}

function keysOf({ organizationId }: Organization, subject: string, { personKeys }: Seen): readonly string[] {
  return serviceNames
    .map((service) => `${service} ${organizationId} ${subject}`)
    .filter((key) => personKeys.has(key))
    .map((key) => `key: ${key}`);
}

function erasureLate(organization: Organization, { seen, story }: Given): readonly string[] {
  // Everybody went with the organization.
  if (seen.tombstones.has(organization.organizationId)) return [];
  return organization.requests.flatMap((one) => {
    const { approvedAt, receivedAt, userId, dataRequestId } = one;
    if (approvedAt === null || userId === null || isHeld(organization, one, seen)) return [];
    const target = plusDays(receivedAt, promised.targetDays);
    if (seen.at < target || !isPast(approvedAt, seen)) return [];
    const status = seen.requests.get(dataRequestId)?.status;
    return [
      ...(status === undefined || done.includes(status) ? [] : [`${dataRequestId} is ${status}`]),
      ...personLeft(organization, userId, seen, story.operatorOrganizationId),
    ];
  });
}

/** Keys of a person who is to be erased, and receipts that are missing. */
export function personLeft(
  { organizationId }: Organization,
  userId: string,
  { personKeys, personReceipts }: Seen,
  operatorOrganizationId: string,
): readonly string[] {
  const keys = serviceNames.flatMap((service) =>
    [organizationId, operatorOrganizationId]
      .map((id) => `${service} ${id} ${userId}`)
      .filter((key) => personKeys.has(key)),
  );
  const owed = serviceNames.filter((service) => !personReceipts.has(`${service} ${userId}`));
  return [...keys.map((key) => `key: ${key}`), ...owed.map((service) => `no receipt of ${service}`)];
}
