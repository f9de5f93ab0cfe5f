import type { Caller } from './caller.js';
import { problem } from './problems.js';

/** Minutes for which a proof of identity counts for sensitive operations (ASVS 7.5.1). */
const STEP_UP_MINUTES = 10;

/** Sensitive operations ask for a recent proof; `POST /v1/me/step-up` gives one. @throws Problem `step-up-required` */
export function assertRecentlyAuthenticated(
  { authenticatedAt }: Pick<Caller, 'authenticatedAt'>,
  at: Date,
): void {
  const age = authenticatedAt === null ? Infinity : at.getTime() - Date.parse(authenticatedAt);
  if (age > STEP_UP_MINUTES * 60_000) throw problem('step-up-required');
}
