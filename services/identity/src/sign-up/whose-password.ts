/** @promise P32 compares network and browser, so that a sign-up cannot take over another person's account */
import type { UnitOfWork } from '@vouchsafe/event-store';
import { addressGroup, type Caller } from '@vouchsafe/service-host';
import type { Vault } from '@vouchsafe/vault';
import type { EmailOutbox } from '../email/email-outbox.js';
import { makeLinkToken } from '../link-token.js';
import { openCells } from '../persistence/sealed-column.js';
import { consentCell } from '../user/user.projection.js';

/**
 * Whether a request comes from where the account was signed up for: the same network and the same browser as its consents say
 * (P15). Otherwise somebody may have signed up for a stranger's address and wait for the stranger to confirm it (ADR 0014).
 */
export async function signedUpFrom(
  vault: Vault,
  unit: UnitOfWork,
  userId: string,
  { sourceIp, userAgent }: Pick<Caller, 'sourceIp' | 'userAgent'>,
): Promise<boolean> {
  const [consent] = await unit.query<{
    document: string;
    version: string;
    source_ip_sealed: string | null;
    user_agent_sealed: string | null;
  }>(
    `select document, version, source_ip_sealed, user_agent_sealed from consent
     where user_id = $1 order by accepted_at limit 1`,
    [userId],
  );
  if (!consent || sourceIp === null) return false;
  const cell = consentCell(unit.organizationId, userId, consent.document, consent.version);
  const [ip, browser] = await openCells(vault, unit, [
    { ...cell('source_ip_sealed'), stored: consent.source_ip_sealed },
    { ...cell('user_agent_sealed'), stored: consent.user_agent_sealed },
  ]);
  return ip != null && addressGroup(ip) === addressGroup(sourceIp) && (browser ?? null) === userAgent;
}

/** No password opens the account until the owner of the address has chosen one. */
export async function voidPassword(
  emails: EmailOutbox,
  unit: UnitOfWork,
  { organizationId, userId, email }: { organizationId: string; userId: string; email: string },
  at: Date,
): Promise<void> {
  await unit.query('delete from password where user_id = $1', [userId]);
  const link = { organizationId, purpose: 'reset-password', subjectId: userId, at } as const;
  const token = await makeLinkToken(unit, link);
  await emails.post(unit, {
    organizationId,
    subjectId: userId,
    content: { kind: 'choose-password', email, token: token.reveal() },
    idempotencyKey: `choose-password:${userId}`,
  });
}
