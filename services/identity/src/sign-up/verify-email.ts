import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { isRejected, type UserId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, problem } from '@vouchsafe/service-host';
import { secret, Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { organizationAggregate } from '../organization/organization.aggregate.js';
import { userAggregate } from '../user/user.aggregate.js';
import { claimEmail, emailHash } from '../email-address.js';
import { EmailOutbox } from '../email/email-outbox.js';
import { findLink, takeLink } from '../link-token.js';
import type { OrganizationRejection } from '../organization/organization.decider.js';
import { asUser } from '../request.js';
import { readAccount } from '../user/accounts.js';
import type { UserRejection } from '../user/user.decider.js';
import { signUpAnswer } from './sign-up.js';
import { signedUpFrom, voidPassword } from './whose-password.js';

export const verificationAnswer = signUpAnswer.extend({
  next: z
    .literal('choose-password')
    .optional()
    .describe('The password of the sign-up is void; another email brings a link to choose one'),
});
export type VerificationAnswer = z.infer<typeof verificationAnswer>;

@Injectable()
export class VerifyEmail {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly emails: EmailOutbox,
  ) {}

  /**
   * Activates what was signed up for, and claims the email address: the first who verifies it has it. The link proves the address,
   * not who chose the password: that one holds only where sign-up and link come from the same browser (ADR 0014).
   */
  async verify(
    caller: Caller,
    token: string,
  ): Promise<VerificationAnswer | UserRejection | OrganizationRejection> {
    const given = secret(token);
    const found = await this.database.beforeOrganization((sql) => findLink(sql, given, 'verify-email'));
    if (!found) throw problem('gone');
    const { organizationId } = found;
    const userId = found.subjectId as UserId;
    const { vault, clock } = this;
    const envelope = envelopeOf(caller, clock.now(), asUser(userId));
    return this.store.transact(organizationId, envelope, async (unit) => {
      if (!(await takeLink(unit, given, 'verify-email', clock.now()))) throw problem('gone');
      const { email } = await readAccount(vault, unit, userId);
      if (email === null) throw problem('gone');
      await claimEmail(unit, await emailHash(vault, unit, email), userId);
      const verified = await unit.execute(userAggregate, userId, { type: 'verify-email' });
      if (isRejected(verified)) return verified;
      const activated = await unit.execute(organizationAggregate, organizationId, { type: 'activate' });
      if (isRejected(activated)) return activated;
      if (await signedUpFrom(vault, unit, userId, caller)) return { organizationId, userId };
      await voidPassword(this.emails, unit, { organizationId, userId, email }, clock.now());
      return { organizationId, userId, next: 'choose-password' };
    });
  }
}
