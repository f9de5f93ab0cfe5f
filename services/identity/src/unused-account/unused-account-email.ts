/** @promise P03 whoever does not use an account is told when it will be anonymized, and how to keep it */
import { dateOf, type EmailContent, paragraphs, type WrittenEmail } from '../email/email.js';

export function writeUnusedAccountWarning(
  content: Extract<EmailContent, { kind: 'unused-account' }>,
  anonymizedFrom: string,
  publicUrl: string,
): WrittenEmail {
  const { organization } = content;
  const day = dateOf(anonymizedFrom);
  return {
    to: content.email,
    subject: `${content.warning === 'second' ? 'Last reminder: your' : 'Your'} account will be anonymized on ${day}`,
    text: paragraphs(
      'Hello,',
      `Your account at ${organization} was last used on ${dateOf(content.lastUsedOn)}: nobody has logged in to it or used an API key that you created since then. Accounts that nobody uses are not kept for longer than 12 months.`,
      `To keep your account, log in before ${day}: ${publicUrl}`,
      `Otherwise it will be anonymized on ${day}. Your name, your email address and everything else that says who you are is erased, and the API keys that you created stop working. This cannot be undone. The data of ${organization} stays.`,
    ),
  };
}
