/** @promise P03 warns people who do not use their accounts, and anonymizes them after 12 months */
import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { Clock, holdsCovering, Ids } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { EmailOutbox } from '../email/email-outbox.js';
import { addressOf } from '../email-address.js';
import { BeginErasure } from '../erasure/begin-erasure.js';
import { Operator } from '../operator.js';
import { type DueAccount, readDueAccount, readDueAccounts } from './due-accounts.js';
import { dayOf } from './note-use.js';
import { unusedAccountAggregate } from './unused-account.aggregate.js';

const PAGE = 500;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

@Injectable()
export class RetireUnusedAccounts {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly emails: EmailOutbox,
    private readonly beginErasure: BeginErasure,
    private readonly operator: Operator,
  ) {}

  /**
   * Does what is due today. Each account is a transaction of its own; a pass that was cut off, or ran beside another, is made again.
   * @returns how many erasures were begun
   */
  async retire(): Promise<number> {
    const at = this.clock.now();
    const today = dayOf(at);
    let begun = 0;
    for (let after = FIRST_ID; ;) {
      const page = await this.database.asWorker((sql) => readDueAccounts(sql, { today, after, limit: PAGE }));
      for (const account of page) {
        if (account.step !== 'anonymize') await this.warn(account, account.step);
        else if (await this.anonymize(account, at)) begun += 1;
      }
      const last = page.at(-1);
      if (page.length < PAGE || !last) return begun;
      after = last.userId;
    }
  }

  /** Once: it counts when it is sent (email/send-emails.ts), and is not asked for again meanwhile. */
  private warn(
    { organizationId, userId, organization, lastUsedOn }: DueAccount,
    warning: 'first' | 'second',
  ): Promise<void> {
    return this.database.asWorker(async (transaction) => {
      const email = await addressOf(this.vault, transaction, { organizationId, userId });
      if (email === null) return;
      await this.emails.post(transaction, {
        ...{ organizationId, subjectId: userId },
        content: { kind: 'unused-account', email, organization, userId, lastUsedOn, warning },
        idempotencyKey: `unused-account:${userId}:${lastUsedOn}:${warning}`,
      });
    });
  }

  /** By the one mechanism that erases people (P10). A person whose data is held keeps the account until the hold is released. */
  private async anonymize({ organizationId, userId }: DueAccount, at: Date): Promise<boolean> {
    const actor = { type: 'service', id: this.database.service } as const;
    const envelope = { actor, occurredAt: at, requestId: null };
    const subjects = await this.store.transact(organizationId, envelope, (unit) =>
      this.beginErasure.subjectsOf(unit, userId),
    );
    // Those that stop every erasure of a person of the organization.
    const organizations = [organizationId, this.operator.organizationId];
    const holds = await this.database.asWorker((sql) => holdsCovering(sql, { organizations, subjects }));
    if (holds.length > 0) return false;
    const begun = await this.store.transact(organizationId, envelope, async (unit) => {
      // A log-in of this moment waits, or is seen; so is another instance.
      await unit.query('select from account where user_id = $1 for update', [userId]);
      const account = await readDueAccount(unit, { today: dayOf(at), userId });
      if (account?.step !== 'anonymize') return null;
      const { lastUsedOn, isMember } = account;
      const [erasureId, on] = [this.ids.newId(), dayOf(at)];
      const which = { organizationId, userId, erasureId };
      const noted = await unit.execute(unusedAccountAggregate, userId, {
        type: 'begin-erasure',
        ...{ ...which, lastUsedOn, on, isMember },
      });
      if (isRejected(noted)) return noted;
      return this.beginErasure.begin(unit, { ...which, by: userId });
    });
    if (begun === null) return false;
    if (!isRejected(begun)) return true;
    // Whoever became the last owner in this moment stays.
    if (begun.rejected === 'last-owner') return false;
    throw new Error(`The erasure of an unused account was rejected: ${begun.rejected}`);
  }
}
