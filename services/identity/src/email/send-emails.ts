import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database, type Transaction } from '@vouchsafe/database';
import { isRejected, type OrganizationId } from '@vouchsafe/event-sourcing';
import { EventStore, follow } from '@vouchsafe/event-store';
import {
  Background,
  Clock,
  CONFIG,
  InternalClient,
  LOGGER,
  type ServiceLogger,
} from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { accountByEmailHash, addressOf, emailHash } from '../email-address.js';
import type { IdentityConfig } from '../identity.config.js';
import { makeLinkToken } from '../link-token.js';
import { type EmailContent, writeEmail } from './email.js';
import { dataRequestNotice, writeDataRequestEmail } from './data-request-email.js';
import { dataRequestNoticesAggregate } from '../data-request/data-request-notices.aggregate.js';
import { closeEmail, type DueEmail, EmailOutbox, putOffEmail, takeDueEmails } from './email-outbox.js';
import { terminationNoticesAggregate } from '../termination/termination-notices.aggregate.js';
import { readDueAccount } from '../unused-account/due-accounts.js';
import { dayOf } from '../unused-account/note-use.js';
import { unusedAccountAggregate } from '../unused-account/unused-account.aggregate.js';
import { anonymizedFrom } from '../unused-account/unused-account.decider.js';
import { writeUnusedAccountWarning } from '../unused-account/unused-account-email.js';
import { type Mailer, mailerFor } from './mailer.js';

const BATCH = 10;

/** Seconds to the next attempt: 10 s, doubling, an hour at most. An email is tried until it is sent or its person erased. */
function pauseAfter(attempts: number): number {
  return Math.min(10 * 2 ** (attempts - 1), 3600);
}

/** Sends emails in the background. */
@Injectable()
export class SendEmails implements OnApplicationBootstrap {
  private readonly mailer: Mailer;

  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly emails: EmailOutbox,
    private readonly background: Background,
    private readonly client: InternalClient,
    @Inject(CONFIG) private readonly config: IdentityConfig,
    @Inject(LOGGER) private readonly logger: ServiceLogger,
  ) {
    this.mailer = mailerFor({
      smtpUrl: config.VOUCHSAFE_SMTP_URL?.reveal(),
      folder: config.VOUCHSAFE_MAIL_FOLDER,
      from: config.VOUCHSAFE_MAIL_FROM,
    });
  }

  onApplicationBootstrap(): void {
    const { config, logger } = this;
    if (!config.VOUCHSAFE_SMTP_URL)
      logger.info(`Emails are written to ${config.VOUCHSAFE_MAIL_FOLDER ?? ''}`);
    const worker = follow(() => this.sendDue(), {
      idle: 5000,
      retry: 5000,
      onError: (error) => logger.error({ err: error }, 'The outbox of emails could not be read; retrying'),
    });
    this.emails.onWaiting(() => worker.wake());
    this.background.add(worker);
  }

  /**
   * Sends what is due. An email goes out at least once: a worker that dies between sending and noting it sends it again, under the
   * same Message-ID.
   * @returns how many emails were taken
   */
  private async sendDue(): Promise<number> {
    const { database, vault, clock } = this;
    const due = await database.asWorker((sql) => takeDueEmails(sql, vault, clock.now(), BATCH));
    for (const email of due) {
      try {
        await this.handle(email);
      } catch (error) {
        const seconds = pauseAfter(email.attempts);
        this.logger.warn(
          { err: error, attempt: email.attempts, retryInMs: seconds * 1000 },
          'An email could not be sent',
        );
        const until = new Date(clock.now().getTime() + seconds * 1000);
        await database.asWorker((sql) => putOffEmail(sql, email.emailId, until, codeOf(error)));
      }
    }
    return due.length;
  }

  private async handle({ emailId, organizationId, content }: DueEmail): Promise<void> {
    if (content?.kind === 'password-reset-requested') {
      await this.answerResetRequest(emailId, content);
      return;
    }
    if (content?.kind === 'data-request-notice') {
      await this.tellWhoAsked(emailId, organizationId, content);
      return;
    }
    if (content?.kind === 'unused-account') {
      await this.warnOfUnusedAccount(emailId, content);
      return;
    }
    // An organization that came back in the meantime must not read that its data will be deleted.
    const isObsolete = content?.kind === 'termination-notice' && !(await this.isInactive(organizationId));
    if (content && !isObsolete)
      await this.mailer(emailId, writeEmail(content, this.config.VOUCHSAFE_PUBLIC_URL));
    const at = this.clock.now();
    await this.database.asWorker(async (transaction) => {
      await closeEmail(transaction, emailId, at);
      if (content?.kind === 'termination-notice' && !isObsolete)
        await this.noteNotice(transaction, organizationId, content, at);
    });
  }

  /** The address, and what there is to say, stand in lifecycle alone. */
  private async tellWhoAsked(
    emailId: string,
    organizationId: string,
    { dataRequestId, notice }: Extract<EmailContent, { kind: 'data-request-notice' }>,
  ): Promise<void> {
    const { VOUCHSAFE_LIFECYCLE_URL: origin, VOUCHSAFE_PUBLIC_URL: publicUrl } = this.config;
    const told = await this.client.ask({
      ...{ audience: 'lifecycle', origin, method: 'POST', path: '/internal/data-request-notices' },
      body: { organizationId, dataRequestId, notice },
      answer: dataRequestNotice,
    });
    if (told.status === 'told') await this.mailer(emailId, writeDataRequestEmail(told, publicUrl));
    const at = this.clock.now();
    await this.database.asWorker(async (transaction) => {
      await closeEmail(transaction, emailId, at);
      // Of a request that nobody has confirmed, nobody hears.
      if (told.status !== 'told' || notice === 'confirm') return;
      const actor = { type: 'service', id: this.database.service } as const;
      await this.store
        .unit(transaction, organizationId, { actor, occurredAt: at, requestId: null })
        .execute(dataRequestNoticesAggregate, dataRequestId, {
          type: 'data-request-notice-sent',
          data: {
            organizationId: organizationId as OrganizationId,
            ...{ dataRequestId, notice, sentAt: at.toISOString() },
          },
        });
    });
  }

  /** Nobody is warned who has logged in meanwhile. The time until the anonymization runs from when the email is sent (P03). */
  private async warnOfUnusedAccount(
    emailId: string,
    content: Extract<EmailContent, { kind: 'unused-account' }>,
  ): Promise<void> {
    const { userId, lastUsedOn, warning } = content;
    const at = this.clock.now();
    const today = dayOf(at);
    const account = await this.database.asWorker((sql) => readDueAccount(sql, { today, userId }));
    if (account?.step !== warning || account.lastUsedOn !== lastUsedOn) {
      await this.database.asWorker((sql) => closeEmail(sql, emailId, at));
      return;
    }
    const { organizationId, plannedFor } = account;
    const from = anonymizedFrom(warning, { plannedFor, sentOn: today });
    await this.mailer(emailId, writeUnusedAccountWarning(content, from, this.config.VOUCHSAFE_PUBLIC_URL));
    await this.database.asWorker(async (transaction) => {
      await closeEmail(transaction, emailId, at);
      const actor = { type: 'service', id: this.database.service } as const;
      const noted = await this.store
        .unit(transaction, organizationId, { actor, occurredAt: at, requestId: null })
        .execute(unusedAccountAggregate, userId, {
          type: 'note-warning',
          ...{ organizationId, userId, lastUsedOn, warning, anonymizedFrom: from },
        });
      if (isRejected(noted)) throw new Error('A warning that was sent cannot be rejected');
    });
  }

  private async isInactive(organizationId: string): Promise<boolean> {
    const rows = await this.database.asWorker((sql) =>
      sql.query('select from organization where organization_id = $1 and inactive_since is not null', [
        organizationId,
      ]),
    );
    return rows.length > 0;
  }

  /** The 120 days of P31 begin when the owners were told. */
  private async noteNotice(
    transaction: Transaction,
    organizationId: string,
    { epoch, notice }: Extract<EmailContent, { kind: 'termination-notice' }>,
    at: Date,
  ): Promise<void> {
    const actor = { type: 'service', id: this.database.service } as const;
    const noted = await this.store
      .unit(transaction, organizationId, { actor, occurredAt: at, requestId: null })
      .execute(terminationNoticesAggregate, organizationId, {
        organizationId: organizationId as OrganizationId,
        ...{ epoch, notice, sentAt: at.toISOString() },
      });
    if (isRejected(noted)) throw new Error('A notice that was sent cannot be rejected');
  }

  /** It runs after the request was answered, so its duration does not disclose who has an account (ASVS 6.3.8). */
  private async answerResetRequest(
    emailId: string,
    { email }: Extract<EmailContent, { kind: 'password-reset-requested' }>,
  ): Promise<void> {
    const { database, vault } = this;
    const at = this.clock.now();
    await database.asWorker(async (transaction) => {
      const account = await accountByEmailHash(transaction, await emailHash(vault, transaction, email));
      if (account) {
        const { organizationId, userId } = account;
        // To the address that was verified, never to the spelling in the request.
        const address = await addressOf(vault, transaction, account);
        if (address === null) throw new Error('The account that was found has no email address');
        const link = { organizationId, purpose: 'reset-password', subjectId: userId, at } as const;
        const token = await makeLinkToken(transaction, link);
        await this.emails.post(transaction, {
          organizationId,
          subjectId: userId,
          content: { kind: 'reset-password', email: address, token: token.reveal() },
          idempotencyKey: `reset-password:${emailId}`,
        });
      }
      await closeEmail(transaction, emailId, at);
    });
  }
}

/** A short code for operators: nodemailer's (`ECONNECTION`, `EENVELOPE`), a system call's, or the error's class. */
function codeOf(error: unknown): string {
  if (error instanceof Error)
    return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return 'unknown';
}
