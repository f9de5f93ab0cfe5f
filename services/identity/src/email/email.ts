import {
  dataRequestNotices,
  terminationCauses,
  terminationNotices,
  unusedAccountWarnings,
} from '@vouchsafe/contracts';
import { userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const email = z.string();

/** What an email needs to be written; sealed in the outbox and removed from it once it is sent. */
export const emailContent = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('verify-email'), email, token: z.string() }),
  z.strictObject({ kind: z.literal('already-registered'), email }),
  /** Not an email yet: whether the address has an account is looked up after the request was answered (ASVS 6.3.8). */
  z.strictObject({ kind: z.literal('password-reset-requested'), email }),
  z.strictObject({ kind: z.literal('reset-password'), email, token: z.string() }),
  z.strictObject({ kind: z.literal('choose-password'), email, token: z.string() }),
  z.strictObject({
    kind: z.literal('invitation'),
    email,
    organization: z.string(),
    token: z.string(),
  }),
  z.strictObject({
    kind: z.literal('security-notice'),
    email,
    what: z.enum([
      'password-changed',
      'password-reset',
      'second-factor-enrolled',
      'second-factor-removed',
      'recovery-code-used',
      'recovery-codes-issued',
    ]),
  }),
  z.strictObject({
    kind: z.literal('termination-notice'),
    email,
    organization: z.string(),
    epoch: z.int().positive(),
    notice: z.enum(terminationNotices),
    cause: z.enum(terminationCauses),
    endedAt: z.string(),
    purgeFrom: z.string(),
    productionErasedBy: z.string(),
    backupsExpiredBy: z.string(),
    /** Absent in emails from before there were certificates. */
    certificateId: z.uuid().nullable().optional(),
    /** Absent in emails from before data could be returned. */
    returnUntil: z.string().nullable().optional(),
  }),
  z.strictObject({
    kind: z.literal('return-ready'),
    email,
    organization: z.string(),
    returnId: z.uuid(),
    parts: z.int().positive(),
    expiresAt: z.string(),
  }),
  /** The day of the anonymization depends on when it is sent. */
  z.strictObject({
    kind: z.literal('unused-account'),
    email,
    organization: z.string(),
    userId,
    lastUsedOn: z.iso.date(),
    warning: z.enum(unusedAccountWarnings),
  }),
  /** Lifecycle has the address, and what there is to say: it is asked when the email is sent, and nothing of it is kept here. */
  z.strictObject({
    kind: z.literal('data-request-notice'),
    dataRequestId: z.uuid(),
    notice: z.enum(dataRequestNotices),
  }),
]);
export type EmailContent = z.infer<typeof emailContent>;

export interface WrittenEmail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/**
 * Plain text. Tokens are behind `#`, in the part of a URL that browsers do not send: they are in no server's log (ASVS 14.2.1).
 * @param publicUrl where the people reach the product, without a slash at its end
 */
export function writeEmail(
  content: Exclude<
    EmailContent,
    { kind: 'password-reset-requested' | 'data-request-notice' | 'unused-account' }
  >,
  publicUrl: string,
): WrittenEmail {
  const to = content.email;
  switch (content.kind) {
    case 'verify-email':
      return {
        to,
        subject: 'Confirm your email address',
        text: paragraphs(
          // Nothing that was entered at the sign-up: the address may belong to someone else.
          'Hello,',
          'Someone signed up with this email address. If it was you, confirm the address by opening this link within 48 hours:',
          `${publicUrl}/verify-email#token=${content.token}`,
          'If you did not sign up, ignore this email. The account is not activated unless the link is opened.',
        ),
      };
    case 'already-registered':
      return {
        to,
        subject: 'You already have an account',
        text: paragraphs(
          'Someone tried to sign up with this email address, but it already has an account.',
          `If it was you, log in, or reset your password here: ${publicUrl}/forgotten-password`,
          'If it was not you, you can ignore this email. Nothing has changed.',
        ),
      };
    case 'reset-password':
      return {
        to,
        subject: 'Choose a new password',
        text: paragraphs(
          'To choose a new password, open this link within one hour:',
          `${publicUrl}/reset-password#token=${content.token}`,
          'When you do, you are logged out everywhere. If you did not request this, ignore this email. Your password stays the same.',
        ),
      };
    case 'choose-password':
      return {
        to,
        subject: 'Choose your password',
        text: paragraphs(
          'Your email address is confirmed. The account was created from a different browser or network, so the password that was chosen there does not work.',
          'To choose your password, open this link within one hour:',
          `${publicUrl}/reset-password#token=${content.token}`,
          `If the link has expired, request a new one: ${publicUrl}/forgotten-password`,
        ),
      };
    case 'invitation':
      return {
        to,
        subject: `Join ${content.organization}`,
        text: paragraphs(
          `You have been invited to join ${content.organization}. To accept, open this link within 7 days:`,
          `${publicUrl}/accept-invitation#token=${content.token}`,
        ),
      };
    case 'security-notice':
      return { to, ...notices[content.what] };
    case 'termination-notice':
      return { to, ...terminationNotice(content, publicUrl) };
    case 'return-ready':
      return {
        to,
        subject: `The data of ${content.organization} is ready to be downloaded`,
        text: paragraphs(
          'Hello,',
          `All data of ${content.organization} has been put into an archive of ${content.parts === 1 ? 'one part' : `${content.parts} parts`}.`,
          `As an owner, log in and download it before ${dateOf(content.expiresAt)}, when the archive is deleted: ${publicUrl}`,
          `The archive is ${content.returnId}. Its files hold personal data: keep them safe.`,
        ),
      };
  }
}

/** ASVS 6.3.7: people are informed of changes to how their account is accessed. */
const notices = {
  'password-changed': notice('Your password was changed'),
  'password-reset': notice('Your password was reset, and you were logged out everywhere'),
  'second-factor-enrolled': notice('A second factor was added to your account'),
  'second-factor-removed': notice('A second factor was removed from your account'),
  'recovery-code-used': notice('A recovery code was used to log in to your account'),
  'recovery-codes-issued': notice(
    'New recovery codes were created for your account. The old ones no longer work',
  ),
} as const;

function notice(what: string) {
  return {
    subject: what,
    text: paragraphs(
      `${what}.`,
      'If this was not you, change your password now and tell your administrator.',
    ),
  };
}

/** P31: in plain words, with dates, what happens to the data of an organization that has ended. */
function terminationNotice(
  content: Extract<EmailContent, { kind: 'termination-notice' }>,
  publicUrl: string,
) {
  const { organization, notice, cause } = content;
  const purgeFrom = dateOf(content.purgeFrom);
  const ended = {
    'subscriptions-ended': `The last subscription of ${organization} ended on ${dateOf(content.endedAt)}. The organization is inactive since then.`,
    'closed-by-owner': `An owner closed the account of ${organization} on ${dateOf(content.endedAt)}. The organization is inactive since then.`,
  }[cause];
  const comeBack = {
    'subscriptions-ended': `To keep the data, log in and start a new subscription before ${purgeFrom}: ${publicUrl}`,
    'closed-by-owner': `To keep the data, log in and reopen the account before ${purgeFrom}: ${publicUrl}`,
  }[cause];
  return {
    subject:
      notice === 'ended'
        ? `${organization} is inactive: what happens to its data`
        : `The data of ${organization} will be deleted from ${purgeFrom} on`,
    text: paragraphs(
      'Hello,',
      ended,
      'Only owners can log in now. Members and API keys have no access.',
      comeBack,
      ...(notice === 'ended' && content.returnUntil
        ? [
            `To take the data with you, log in and request an archive of it before ${dateOf(content.returnUntil)}. Later, ask the operator.`,
          ]
        : []),
      `From ${purgeFrom} on, the data is deleted: from production by ${dateOf(content.productionErasedBy)}, and from all backups by ${dateOf(content.backupsExpiredBy)}. Deleted data cannot be restored.`,
      ...(content.certificateId
        ? [
            `This address shows how far the deletion is and, at its end, the certificate. Keep it: it works without an account. ${publicUrl}/v1/lifecycle/certificates/${content.certificateId}`,
          ]
        : []),
    ),
  };
}

/** `29 November 2026 (UTC)`. */
export function dateOf(time: string): string {
  const date = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
  return `${date.format(new Date(time))} (UTC)`;
}

export function paragraphs(...lines: string[]): string {
  return `${lines.join('\n\n')}\n`;
}
