/** @promise P32 limits how many Stripe keys can be checked, so that nobody learns here which of many stolen ones are good */
import { instant, one, prepared } from '@vouchsafe/database';
import type { OrganizationId } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { tooManyUntil } from '@vouchsafe/service-host';

/** Of an organization in all: a person belongs to one. A new key is set a few times a year. */
const [MOST, WINDOW_MINUTES] = [10, 60];

const take = prepared(`
  insert into stripe_key_checks as known values ($1, 1, $3)
  on conflict (organization_id) do update set
    checks = case when known.window_ends_at > $2 then known.checks + 1 else 1 end,
    window_ends_at = case when known.window_ends_at > $2 then known.window_ends_at else excluded.window_ends_at end
  returning checks, window_ends_at`);

/**
 * Counts a check of a key, good or not, in the unit of work that records it and that is committed before Stripe is asked.
 * @throws the problem `too-many-requests` beyond the limit
 */
export async function takeCheck(unit: UnitOfWork, organizationId: OrganizationId, at: Date): Promise<void> {
  const ends = new Date(at.getTime() + WINDOW_MINUTES * 60_000);
  const { checks, window_ends_at } = await one<{ checks: number; window_ends_at: string }>(unit, take, [
    organizationId,
    at,
    ends,
  ]);
  if (checks > MOST)
    throw tooManyUntil(
      instant(window_ends_at),
      at,
      `An organization can have ${MOST} keys checked in an hour`,
    );
}
