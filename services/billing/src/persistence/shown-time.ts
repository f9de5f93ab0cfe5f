import { instant } from '@vouchsafe/database';

/** A register's time as it is shown. */
export function shownTime(text: string): string {
  return instant(text).toISOString();
}

export function shownTimeOrNull(text: string | null | undefined): string | null {
  return text ? shownTime(text) : null;
}
