import { Injectable } from '@nestjs/common';
import type { Sql, Transaction } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { Clock, Ids } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { addressOf } from '../email-address.js';
import { type LetterContent, letterContent } from './letter.js';
import { countLetter } from './letter-limit.js';

export interface NewLetter {
  readonly organizationId: string;
  /** Whose key seals it: erased with the person, so that nobody erased gets a letter (P10). */
  readonly subjectId: string | null;
  readonly content: LetterContent;
  /** Names what the letter is about, once: `verify-email:<user id>`. Without one, the letter is about nothing but itself. */
  readonly idempotencyKey?: string;
}

@Injectable()
export class LetterOutbox {
  private wake: () => void = () => undefined;

  constructor(
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** Calls the worker of this process once a letter waits. */
  onWaiting(wake: () => void): void {
    this.wake = wake;
  }

  waiting(): void {
    this.wake();
  }

  /**
   * Puts a letter into the outbox, in the transaction of what it tells of: no letter without the fact, and none lost. Of letters that
   * strangers can cause, an address gets a few in an hour: further ones are not posted, and whoever causes them does not see it.
   */
  async post(transaction: Transaction, letter: NewLetter): Promise<void> {
    const { organizationId, subjectId, content } = letter;
    const [letterId, at] = [this.ids.newId(), this.clock.now()];
    transaction.afterCommit(() => this.waiting());
    if (!(await countLetter(transaction, this.vault, content, at))) return;
    const sealed = await this.vault.seal(
      transaction,
      { organizationId, subjectId },
      contextOf(letterId),
      JSON.stringify(content),
    );
    if (isErased(sealed)) return;
    const idempotencyKey = letter.idempotencyKey ?? `${content.kind}:${letterId}`;
    await transaction.query(
      `insert into letter (organization_id, letter_id, subject_id, kind, content_sealed, idempotency_key, created_at, due_at)
       values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict (idempotency_key) do nothing`,
      [organizationId, letterId, subjectId, content.kind, sealed, idempotencyKey, at],
    );
  }

  /** Tells a person that something about the way into the account has changed (ASVS 6.3.7). */
  async notify(
    unit: UnitOfWork,
    userId: string,
    what: Extract<LetterContent, { kind: 'security-notice' }>['what'],
  ): Promise<void> {
    const { organizationId } = unit;
    const email = await addressOf(this.vault, unit, { organizationId, userId });
    if (email === null) return;
    const content = { kind: 'security-notice', email, what } as const;
    await this.post(unit, { organizationId, subjectId: userId, content });
  }
}

export interface DueLetter {
  readonly letterId: string;
  readonly organizationId: string;
  readonly attempts: number;
  /** `null` where the person was erased in the meantime. */
  readonly content: LetterContent | null;
}

/** Seconds for which a worker has a letter to itself; a worker that died is relieved after it. */
const LEASE_SECONDS = 120;

/** Takes letters that are due, each by one worker at a time. */
export async function takeDueLetters(sql: Sql, vault: Vault, at: Date, limit: number): Promise<DueLetter[]> {
  const rows = await sql.query<{
    letter_id: string;
    organization_id: string;
    subject_id: string | null;
    content_sealed: string;
    attempts: number;
  }>(
    `update letter set due_at = $1::timestamptz + make_interval(secs => ${LEASE_SECONDS}), attempts = attempts + 1
     where letter_id in (
       select letter_id from letter where sent_at is null and content_sealed is not null and due_at <= $1
       order by due_at limit $2 for update skip locked)
     returning letter_id, organization_id, subject_id, content_sealed, attempts`,
    [at, limit],
  );
  const opened = await vault.openMany(
    sql,
    rows.map((row) => ({
      scope: { organizationId: row.organization_id, subjectId: row.subject_id },
      context: contextOf(row.letter_id),
      sealed: row.content_sealed,
    })),
  );
  return rows.map((row, index) => {
    const text = opened[index];
    return {
      letterId: row.letter_id,
      organizationId: row.organization_id,
      attempts: row.attempts,
      content: typeof text === 'string' ? letterContent.parse(JSON.parse(text)) : null,
    };
  });
}

/** Sent, or nothing to send: the content, with its token, goes (P22). */
export async function closeLetter(sql: Sql, letterId: string, at: Date): Promise<void> {
  await sql.query(
    'update letter set sent_at = $2, content_sealed = null, last_error = null where letter_id = $1',
    [letterId, at],
  );
}

/** @param error a code or a class, never the server's words: they may repeat the address */
export async function putOffLetter(sql: Sql, letterId: string, until: Date, error: string): Promise<void> {
  await sql.query('update letter set due_at = $2, last_error = $3 where letter_id = $1', [
    letterId,
    until,
    error,
  ]);
}

function contextOf(letterId: string): readonly string[] {
  return ['row', 'letter', 'content_sealed', letterId];
}
