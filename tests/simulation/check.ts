/** What checks of the simulation share. Nothing of the services is imported. */
import type { Seen } from './seen.ts';
import type { Hold, Organization, Story, Termination } from './story.ts';

/** How the operator keeps backups, in days. */
export interface BackupPolicy {
  readonly kept: number;
  readonly interval: number;
}

export interface Given {
  readonly story: Story;
  readonly seen: Seen;
  /** What was seen before that; nothing was looked at in between. */
  readonly before: Seen;
  readonly policy: BackupPolicy;
}

export interface Check {
  readonly kind: string;
  readonly find: (organization: Organization, given: Given) => readonly string[];
}

/** The end that counted at a time. */
export function endAt({ terminations }: Organization, at: Date): Termination | undefined {
  return terminations.find(
    ({ endedAt, cameBackAt }) => endedAt <= at && (cameBackAt === null || cameBackAt > at),
  );
}

/** Days between two looks hide in which order things happened: what was held on the way counts as held. */
export function isHeldSince(holds: readonly Hold[], since: Date): boolean {
  return holds.some(({ releasedAt }) => releasedAt === null || releasedAt > since);
}

/** The same day of another month, or its last one where it is shorter: a month after 31 January is the last of February (P10). */
export function plusMonths(at: Date, months: number): Date {
  const later = new Date(at);
  // The first has a place in every month.
  later.setUTCDate(1);
  later.setUTCMonth(later.getUTCMonth() + months);
  const next = new Date(later);
  next.setUTCMonth(next.getUTCMonth() + 1, 0);
  later.setUTCDate(Math.min(at.getUTCDate(), next.getUTCDate()));
  return later;
}
