/**
 * What was recorded before this time has been kept for so many months at `at`. Months clamp to the last day of theirs (UTC): twelve months
 * before 29 February 2028 is 28 February 2027.
 */
export function recordedBefore(at: Date, months: number): Date {
  const before = new Date(at);
  before.setUTCDate(1);
  before.setUTCMonth(before.getUTCMonth() - months);
  const lastDay = new Date(Date.UTC(before.getUTCFullYear(), before.getUTCMonth() + 1, 0)).getUTCDate();
  before.setUTCDate(Math.min(at.getUTCDate(), lastDay));
  return before;
}
