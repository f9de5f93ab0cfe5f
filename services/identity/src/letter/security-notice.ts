import type { UnitOfWork } from '@vouchsafe/event-store';
import type { Identity } from '../identity.js';
import { addressOf } from '../email-address.js';
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
  const email = await addressOf(identity.vault, unit, { organizationId, userId });
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
