import { Injectable } from '@nestjs/common';
import type { Sql, Transaction } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { Clock, Ids } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { addressOf } from '../email-address.js';
import { type EmailContent, emailContent } from './email.js';
import { countEmail } from './email-limit.js';
import { storedNames } from '../stored-names.js';

export interface NewEmail {
  readonly organizationId: string;
  /** The person whose key seals it: once they are erased, the email cannot be sent (P10). */
  readonly subjectId: string | null;
  readonly content: EmailContent;
  /** One email is sent for each key, such as `verify-email:<user id>`; without a key, each email is sent. */
  readonly idempotencyKey?: string;
}

@Injectable()
export class EmailOutbox {
  private wake: () => void = () => undefined;

  constructor(
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @param wake wakes the worker of this process when an email waits */
  onWaiting(wake: () => void): void {
    this.wake = wake;
  }

  waiting(): void {
    this.wake();
  }

  /**
   * Puts an email into the outbox, in the transaction of the change that it reports: no email without the change, and none lost. Of
   * emails that strangers can cause, an address gets a few in an hour: further ones are dropped, which the answer does not show.
   */
  async post(transaction: Transaction, email: NewEmail): Promise<void> {
    const { organizationId, subjectId, content } = email;
    const [emailId, at] = [this.ids.newId(), this.clock.now()];
    transaction.afterCommit(() => this.waiting());
    if (!(await countEmail(transaction, this.vault, content, at))) return;
    const sealed = await this.vault.seal(
      transaction,
      { organizationId, subjectId },
      contextOf(emailId),
      JSON.stringify(content),
    );
    if (isErased(sealed)) return;
    const idempotencyKey = email.idempotencyKey ?? `${content.kind}:${emailId}`;
    await transaction.query(
      `insert into email (organization_id, email_id, subject_id, kind, content_sealed, idempotency_key, created_at, due_at)
       values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict (idempotency_key) do nothing`,
      [organizationId, emailId, subjectId, content.kind, sealed, idempotencyKey, at],
    );
  }

  /** Informs a person of a change to how their account is accessed (ASVS 6.3.7). */
  async notify(
    unit: UnitOfWork,
    userId: string,
    what: Extract<EmailContent, { kind: 'security-notice' }>['what'],
  ): Promise<void> {
    const { organizationId } = unit;
    const email = await addressOf(this.vault, unit, { organizationId, userId });
    if (email === null) return;
    const content = { kind: 'security-notice', email, what } as const;
    await this.post(unit, { organizationId, subjectId: userId, content });
  }
}

export interface DueEmail {
  readonly emailId: string;
  readonly organizationId: string;
  readonly attempts: number;
  /** `null` where the person was erased in the meantime. */
  readonly content: EmailContent | null;
}

/** Seconds for which a worker holds an email; after a worker's death, another one takes it then. */
const LEASE_SECONDS = 120;

/** Takes emails that are due, each by one worker at a time. */
export async function takeDueEmails(sql: Sql, vault: Vault, at: Date, limit: number): Promise<DueEmail[]> {
  const rows = await sql.query<{
    email_id: string;
    organization_id: string;
    subject_id: string | null;
    content_sealed: string;
    attempts: number;
  }>(
    `update email set due_at = $1::timestamptz + make_interval(secs => ${LEASE_SECONDS}), attempts = attempts + 1
     where email_id in (
       select email_id from email where sent_at is null and content_sealed is not null and due_at <= $1
       order by due_at limit $2 for update skip locked)
     returning email_id, organization_id, subject_id, content_sealed, attempts`,
    [at, limit],
  );
  const opened = await vault.openMany(
    sql,
    rows.map((row) => ({
      scope: { organizationId: row.organization_id, subjectId: row.subject_id },
      context: contextOf(row.email_id),
      sealed: row.content_sealed,
    })),
  );
  return rows.map((row, index) => {
    const text = opened[index];
    return {
      emailId: row.email_id,
      organizationId: row.organization_id,
      attempts: row.attempts,
      content: typeof text === 'string' ? emailContent.parse(JSON.parse(text)) : null,
    };
  });
}

/** Marks an email as sent, or as not to be sent, and deletes its content with the token (P22). */
export async function closeEmail(sql: Sql, emailId: string, at: Date): Promise<void> {
  await sql.query(
    'update email set sent_at = $2, content_sealed = null, last_error = null where email_id = $1',
    [emailId, at],
  );
}

/** @param error a code or a class, never the server's words: they may repeat the address */
export async function putOffEmail(sql: Sql, emailId: string, until: Date, error: string): Promise<void> {
  await sql.query('update email set due_at = $2, last_error = $3 where email_id = $1', [
    emailId,
    until,
    error,
  ]);
}

function contextOf(emailId: string): readonly string[] {
  return [storedNames.row, storedNames.emailTable, 'content_sealed', emailId];
}
