/** Until when data can be asked for, and how long an archive of it is there (P30). */
import { type Check, endAt, type Given, isHeldSince } from './check.ts';
import type { Organization, Return, Termination } from './story.ts';
import { plusDays } from './time.ts';

/** Days. The first is product's promise; for how long an archive is kept stands in docs/lifecycle.md. */
const promised = { asked: 30, kept: 30 } as const;

/** An archive that was held goes within the hour in which the hold is released. */
const AFTER_A_HOLD_DAYS = 1;
/** Between an action and the service's own look at the clock. */
const MOMENT_MS = 300_000;

/** What says nothing of the time: two archives at once, or more than are kept. */
const OTHERWISE_REFUSED: readonly (string | null)[] = ['already-under-way', 'too-many-kept'];

export const returnChecks: readonly Check[] = [
  { kind: 'P30: a return was refused in its time', find: refusedInTime },
  { kind: 'P30: a return was given after its time', find: givenAfterTime },
  { kind: 'P30: the owner is told another end of the time for a return', find: toldAnotherEnd },
  { kind: 'P30: an archive is gone before 30 days', find: archiveGone },
  { kind: 'P30: an archive is kept for more than 30 days', find: archiveKept },
  { kind: 'P30: an archive survives the purge', find: archiveSurvives },
];

function refusedInTime(organization: Organization, given: Given): readonly string[] {
  return askedByOwner(organization, given).flatMap(({ askedAt, returnId, reason, until }) =>
    returnId === null && !OTHERWISE_REFUSED.includes(reason) && (until === null || askedAt < until)
      ? [`asked for at ${askedAt.toISOString()}, and refused (${reason})`]
      : [],
  );
}

function givenAfterTime(organization: Organization, given: Given): readonly string[] {
  return askedByOwner(organization, given).flatMap(({ askedAt, returnId, until }) =>
    returnId !== null && until !== null && askedAt >= until
      ? [`asked for at ${askedAt.toISOString()}, after ${until.toISOString()}`]
      : [],
  );
}

function toldAnotherEnd(organization: Organization, given: Given): readonly string[] {
  return askedByOwner(organization, given).flatMap(({ saidUntil, until }) =>
    saidUntil && until && Math.abs(saidUntil.getTime() - until.getTime()) > MOMENT_MS
      ? [`${saidUntil.toISOString()} and not ${until.toISOString()}`]
      : [],
  );
}

/** Since the last look: each is found once. */
function askedByOwner(organization: Organization, { seen, before }: Given) {
  return organization.returns
    .filter(({ askedAt, isByOperator }) => !isByOperator && askedAt > before.at)
    .map((one) => {
      const end = endAt(organization, one.askedAt);
      return { ...one, until: end ? askableUntil(end, seen.notices.get(organization.organizationId)) : null };
    });
}

/** 30 days from the later of T0 and the notice. */
function askableUntil({ endedAt }: Termination, notices: readonly Date[] = []): Date {
  return plusDays(notices.find((at) => at >= endedAt) ?? endedAt, promised.asked);
}

function archiveGone({ organizationId, returns }: Organization, { seen }: Given): readonly string[] {
  // It went with the organization.
  if (seen.tombstones.has(organizationId)) return [];
  return returns.flatMap((one) => {
    const until = keptUntil(one);
    const isGone = [...one.partIds].some((id) => !seen.parts.has(id));
    return until && seen.at < until && isGone ? [`a part of ${one.returnId}`] : [];
  });
}

function archiveKept({ returns, holds }: Organization, { seen }: Given): readonly string[] {
  // A person's hold keeps the whole archive: nobody looks whom it is about.
  if (isHeldSince(holds, plusDays(seen.at, -AFTER_A_HOLD_DAYS))) return [];
  return returns.flatMap((one) => {
    const until = one.deletedAt ?? keptUntil(one);
    return until && seen.at >= until ? partsLeft(one, seen.parts) : [];
  });
}

function archiveSurvives({ organizationId, returns }: Organization, { seen }: Given): readonly string[] {
  if (!seen.milestones.get(organizationId)?.has('production-erased')) return [];
  return returns.flatMap((one) => partsLeft(one, seen.parts));
}

/** Null while it is not ready, and where its owner deleted it. */
function keptUntil({ readyAt, deletedAt }: Return): Date | null {
  return readyAt === null || deletedAt !== null ? null : plusDays(readyAt, promised.kept);
}

function partsLeft({ returnId, partIds }: Return, parts: ReadonlySet<string>): readonly string[] {
  return [...partIds].filter((id) => parts.has(id)).map((id) => `part ${id} of ${returnId}`);
}
