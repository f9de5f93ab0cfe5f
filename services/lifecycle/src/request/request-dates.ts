/** @promise P10 until when a data subject must be answered (Article 12(3) GDPR) */

/** How long a request has waited for the data subject to show who they are; else nothing stops the clock. */
export interface Waiting {
  /** Milliseconds of the times that have ended. */
  readonly waitedMs: number;
  /** Since when it waits now. */
  readonly since: string | null;
}

export interface RequestDates {
  /** One month after receipt, or three where it was extended. */
  readonly dueAt: Date;
  /** Until then the time can be extended. */
  readonly extendableUntil: Date;
  /** When we mean to have answered. */
  readonly targetAt: Date;
}

const TARGET_DAYS = 28;
const DAY_MS = 86_400_000;

export function datesOf(
  { receivedAt, isExtended, waiting }: { receivedAt: Date; isExtended: boolean; waiting: Waiting },
  now: Date,
): RequestDates {
  const waited = waitedUntil(waiting, now);
  const later = (time: Date) => new Date(time.getTime() + waited);
  return {
    dueAt: later(plusMonths(receivedAt, isExtended ? 3 : 1)),
    extendableUntil: later(plusMonths(receivedAt, 1)),
    targetAt: later(new Date(receivedAt.getTime() + TARGET_DAYS * DAY_MS)),
  };
}

/** The same day and time of a later month, in UTC; the last day where that month is shorter: 31 January and three months are 30 April. */
export function plusMonths(time: Date, months: number): Date {
  const [year, month] = [time.getUTCFullYear(), time.getUTCMonth() + months];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const later = new Date(time);
  later.setUTCFullYear(year, month, Math.min(time.getUTCDate(), lastDay));
  return later;
}

export function waitedUntil({ waitedMs, since }: Waiting, now: Date): number {
  return waitedMs + (since === null ? 0 : Math.max(0, now.getTime() - Date.parse(since)));
}
