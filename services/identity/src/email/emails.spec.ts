import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Clock } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { identityApp, type IdentityApp, type Person } from '../testing/identity-app.js';
import { writeEmail } from './email.js';
import { EmailOutbox, takeDueEmails } from './email-outbox.js';
import { mailerFor } from './mailer.js';

describe('emails', () => {
  let app: IdentityApp;
  let ada: Person;
  beforeAll(async () => {
    app = await identityApp();
    ada = await app.signUp();
  });
  afterAll(() => app.stop());

  const invite = async (email: string) => {
    const { body } = await app.ask('POST', '/v1/invitations', {
      session: ada.session,
      body: { email, role: 'member' },
    });
    return String(body.invitationId);
  };
  const waiting = () =>
    app.database.asWorker((sql) =>
      sql.query<{ attempts: number; last_error: string | null }>(
        'select attempts, last_error from email where sent_at is null',
      ),
    );
  const until = async (is: () => Promise<boolean>) => {
    for (let waited = 0; waited < 10_000; waited += 25) {
      if (await is()) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('It did not come to pass');
  };

  it('wait for a mail server that is away, and are sent when it is back, under the same Message-ID', async () => {
    app.mail.refusing = true;
    await invite('late@example.com');
    await until(async () => (await waiting())[0]?.last_error != null);
    const [message] = await waiting();
    expect(message).toMatchObject({ attempts: 1 });
    // A code, not the server's words, which may repeat the address.
    expect(message?.last_error).toMatch(/^[A-Z]+$/);
    app.mail.refusing = false;
    app.clock.ahead += 11_000;
    app.get(EmailOutbox).waiting();
    const sent = await app.mail.take('late@example.com', 'Join Example Ltd');
    expect(sent.messageId).toMatch(/^<[0-9a-f-]{36}@vouchsafe\.localhost>$/);
    await until(async () => (await waiting()).length === 0);
  });

  it('are sent by another worker when one died with an email in its hands', async () => {
    app.mail.refusing = true;
    await invite('abandoned@example.com');
    await until(async () => (await waiting())[0]?.last_error != null);
    app.clock.ahead += 11_000;
    const [vault, clock] = [app.get(Vault), app.get(Clock)];
    const taken = await app.database.asWorker((sql) => takeDueEmails(sql, vault, clock.now(), 10));
    expect(taken).toHaveLength(1);
    expect(await app.database.asWorker((sql) => takeDueEmails(sql, vault, clock.now(), 10))).toEqual([]);
    app.mail.refusing = false;
    app.clock.ahead += 121_000;
    app.get(EmailOutbox).waiting();
    await app.mail.take('abandoned@example.com', 'Join Example Ltd');
    await until(async () => (await waiting()).length === 0);
  });

  it('are not sent to somebody who was erased in the meantime (P10)', async () => {
    app.mail.refusing = true;
    const invitationId = await invite('erased@example.com');
    await until(async () => (await waiting())[0]?.last_error != null);
    await app.database.asRetention((sql) =>
      app
        .get(Vault)
        .destroySubject(
          sql,
          { organizationId: ada.organizationId, subjectId: invitationId },
          app.get(Clock).now(),
        ),
    );
    app.mail.refusing = false;
    app.clock.ahead += 61_000;
    app.get(EmailOutbox).waiting();
    await until(async () => (await waiting()).length === 0);
    expect(app.mail.emails.map(({ to }) => to)).not.toContain('erased@example.com');
  });

  it('are written to a folder where there is no mail server', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafemail-'));
    const mailer = mailerFor({ smtpUrl: undefined, folder, from: 'Vouchsafe <no-reply@example.com>' });
    const message = writeEmail(
      { kind: 'verify-email', email: 'ada@example.com', token: 'the-token' },
      'https://app.example.com',
    );
    await mailer('email-1', message);
    await mailer('email-1', message);
    expect(await readdir(folder)).toEqual(['email-1.eml']);
    const text = await readFile(path.join(folder, 'email-1.eml'), 'utf8');
    expect(text).toContain('To: ada@example.com');
    expect(text).toContain('Message-ID: <email-1@example.com>');
    expect(text.replace(/=\r\n/g, '').replaceAll('=3D', '=')).toContain('/verify-email#token=the-token');
    await rm(folder, { recursive: true });
  });

  it('need a way out: a server or a folder', () => {
    expect(() => mailerFor({ smtpUrl: undefined, folder: undefined, from: 'x@example.com' })).toThrow(
      'VOUCHSAFE_SMTP_URL',
    );
  });
});
