/** @promise P31, P30 when an organization's data goes, from production and from backups */
import { retentionPolicies } from '@vouchsafe/contracts';

const DAY_MS = 86_400_000;

/** Days, as P31 promises them. */
const periods = {
  /** Nothing is deleted before. */
  inactive: retentionPolicies['ended-organizations'].floor.days,
  /** From then on nothing but a hold puts the purge off. */
  latestPurge: 180,
  production: retentionPolicies['ended-organizations'].period.days,
  backups: 300,
  /** Until then the organization can have its data returned without asking anybody (P30). */
  return: 30,
  /** What the planner allows for a purge that has begun, failures of single tasks included. */
  purge: 14,
} as const;

/** How the operator keeps backups. */
export interface BackupPolicy {
  /** Days for which a state of the database can be restored. */
  readonly keptDays: number;
  /** Days between two base backups. */
  readonly intervalDays: number;
}

/** What happens when. */
export interface TerminationPlan {
  /** Until then an owner can have the data returned; later the operator can (P30). */
  readonly returnUntil: Date;
  /** Nothing is deleted before. */
  readonly purgeFrom: Date;
  /** The purge begins then at the latest, whatever is still open, unless a hold stops it. */
  readonly purgeUntil: Date;
  readonly productionErasedBy: Date;
  readonly backupsExpiredBy: Date;
}

/**
 * A recovery window keeps the newest base backup that is older than it, and a base backup copies dead rows: what leaves production on a
 * day is in backups for the window and two intervals more.
 */
function daysInBackups({ keptDays, intervalDays }: BackupPolicy): number {
  return keptDays + 2 * intervalDays;
}

/** Days after T0 by which production must be empty. */
function productionDays(policy: BackupPolicy): number {
  return Math.min(periods.production, periods.backups - daysInBackups(policy));
}

/** @returns why the deadlines cannot be kept under this policy; null where they can */
export function faultOf(policy: BackupPolicy): string | null {
  const left = productionDays(policy) - periods.purge - periods.inactive;
  return left >= 0
    ? null
    : `Backups are kept for ${policy.keptDays} days with a base backup every ${policy.intervalDays}: data that may not be deleted before day ` +
        `${periods.inactive} would be in backups after day ${periods.backups}. Keep them ${-left} days less`;
}

/**
 * @param endedAt T0
 * @param noticedAt when the owner was told: the periods that protect the customer begin no earlier. The deadlines of the deletion stay;
 *   where a notice is so late that both cannot be kept, these count
 */
export function planOf(endedAt: Date, noticedAt: Date | null, policy: BackupPolicy): TerminationPlan {
  const protectedFrom = noticedAt !== null && noticedAt > endedAt ? noticedAt : endedAt;
  const productionErasedBy = plusDays(endedAt, productionDays(policy));
  const purgeUntil = earlier(
    plusDays(endedAt, periods.latestPurge),
    plusDays(productionErasedBy, -periods.purge),
  );
  return {
    returnUntil: plusDays(protectedFrom, periods.return),
    purgeFrom: earlier(plusDays(protectedFrom, periods.inactive), purgeUntil),
    purgeUntil,
    productionErasedBy,
    backupsExpiredBy: plusDays(endedAt, periods.backups),
  };
}

/** Days are of 24 hours: a deadline does not depend on where somebody is, nor on daylight saving time. */
export function plusDays(time: Date, days: number): Date {
  return new Date(time.getTime() + days * DAY_MS);
}

function earlier(one: Date, other: Date): Date {
  return one < other ? one : other;
}
