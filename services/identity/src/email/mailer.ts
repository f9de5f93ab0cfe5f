/** @promise P06 hands emails to a mail server only over TLS, unless it is on this machine */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createTransport } from 'nodemailer';
import type { WrittenEmail } from './email.js';

/** Hands an email over. `id` stays the same when it is retried, so that a mailbox can recognize a duplicate. */
export type Mailer = (id: string, email: WrittenEmail) => Promise<void>;

export interface MailSettings {
  /** `smtp://user:password@host:port` or `smtps://...`; takes precedence. */
  readonly smtpUrl: string | undefined;
  /** Where emails are written as `.eml` files when there is no SMTP server. */
  readonly folder: string | undefined;
  readonly from: string;
}

/** @throws where neither a server nor a folder is configured */
export function mailerFor({ smtpUrl, folder, from }: MailSettings): Mailer {
  if (smtpUrl) return smtpMailer(smtpUrl, from);
  if (folder) return folderMailer(folder, from);
  throw new Error('Set VOUCHSAFE_SMTP_URL to send emails, or VOUCHSAFE_MAIL_FOLDER to write them to files');
}

function smtpMailer(url: string, from: string): Mailer {
  const { protocol, hostname } = new URL(url);
  const local = ['localhost', '127.0.0.1', '::1', '[::1]'].includes(hostname);
  // Emails are encrypted in transit (P06): without STARTTLS none is handed over, unless the server is on this machine.
  const transport = createTransport({
    url,
    requireTLS: protocol === 'smtp:' && !local,
    disableFileAccess: true,
    disableUrlAccess: true,
    connectionTimeout: 10_000,
    socketTimeout: 30_000,
  });
  return async (id, email) => {
    await transport.sendMail(messageOf(id, email, from));
  };
}

function folderMailer(folder: string, from: string): Mailer {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  return async (id, email) => {
    const { message } = await transport.sendMail(messageOf(id, email, from));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = path.join(folder, `${id}.eml`);
    // Readers of the folder see only whole emails.
    await writeFile(`${file}.part`, message as Buffer, { mode: 0o600 });
    await rename(`${file}.part`, file);
  };
}

function messageOf(id: string, { to, subject, text }: WrittenEmail, from: string) {
  const domain = /@([^>\s]+)>?$/.exec(from)?.[1] ?? 'localhost';
  return {
    from,
    to: { name: '', address: to },
    subject,
    text,
    messageId: `<${id}@${domain}>`,
    // RFC 3834 section 5: no out-of-office replies to this.
    headers: { 'Auto-Submitted': 'auto-generated' },
    textEncoding: 'quoted-printable' as const,
  };
}
