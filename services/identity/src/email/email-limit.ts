import { retentionPolicies } from '@vouchsafe/contracts';
import { one, type Sql } from '@vouchsafe/database';
import type { Vault } from '@vouchsafe/vault';
import { emailHash } from '../email-address.js';
import type { EmailContent } from './email.js';

/** Emails of a kind to one address within an hour. */
const MOST_EMAILS_AN_HOUR = 5;
const WINDOW_MS = retentionPolicies['email-counts'].period.hours * 3_600_000;

/**
 * Emails that anyone can cause, even without an account. The two emails that a sign-up can cause share one limit, so that the limit does
 * not disclose who has an account (ASVS 6.3.8).
 */
const causedByStrangers: Partial<Record<EmailContent['kind'], string>> = {
  'verify-email': 'sign-up',
  'already-registered': 'sign-up',
  'password-reset-requested': 'password-reset',
  invitation: 'invitation',
};

/** Counts an email to an address. @returns false beyond the limit, so that others cannot fill a mailbox */
export async function countEmail(sql: Sql, vault: Vault, content: EmailContent, at: Date): Promise<boolean> {
  const about = causedByStrangers[content.kind];
  // Lifecycle counts those that a request can cause: it has the address.
  if (about === undefined || content.kind === 'data-request-notice') return true;
  const { emails } = await one<{ emails: number }>(
    sql,
    'select lookup.count_email($1, $2, $3, $4) as emails',
    [await emailHash(vault, sql, content.email), about, at, new Date(at.getTime() + WINDOW_MS)],
  );
  return emails <= MOST_EMAILS_AN_HOUR;
}
