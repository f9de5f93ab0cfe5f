import type { UnitOfWork } from '@vouchsafe/event-store';
import type { Identity } from '../identity.js';
import { openCell } from '../persistence/sealed-column.js';
import { accountCell } from '../user/user.projection.js';
import type { LetterContent } from './letter.js';
import { postLetter } from './letter-outbox.js';

/** Tells a person that something about the way into the account has changed (ASVS 6.3.7). */
export async function postNotice(
  identity: Identity,
  unit: UnitOfWork,
  userId: string,
  what: Extract<LetterContent, { kind: 'security-notice' }>['what'],
): Promise<void> {
  const { organizationId } = unit;
  const [row] = await unit.query<{ email_sealed: string | null }>(
    'select email_sealed from account where user_id = $1',
    [userId],
  );
  const cell = accountCell(organizationId, userId)('email_sealed');
  const email = await openCell(identity.vault, unit, cell, row?.email_sealed ?? null);
  if (email === null) return;
  const letterId = identity.newId();
  await postLetter(unit, identity.vault, {
    letterId,
    organizationId,
    subjectId: userId,
    content: { kind: 'security-notice', email, what },
    idempotencyKey: `security-notice:${letterId}`,
    at: identity.now(),
  });
  unit.afterCommit(() => identity.lettersWaiting());
}
