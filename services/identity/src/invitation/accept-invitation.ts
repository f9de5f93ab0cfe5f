/** @promise P15 records the consents of whoever accepts an invitation, in the same transaction */
import { Injectable } from '@nestjs/common';
import { isRejected, type UserId } from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, Clock, createOnce, envelopeOf, Ids, problem } from '@vouchsafe/service-host';
import { secret, Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { invitationAggregate } from './invitation.aggregate.js';
import { organizationAggregate } from '../organization/organization.aggregate.js';
import { userAggregate } from '../user/user.aggregate.js';
import { acceptance, Consents } from '../consent/consents.js';
import { claimEmail, emailHash } from '../email-address.js';
import { linkToken, takeLink } from '../link-token.js';
import { CountedProofs } from '../log-in/counted-proofs.js';
import { clearAttempts } from '../log-in/throttle.js';
import type { OrganizationRejection } from '../organization/organization.decider.js';
import { chosenPassword, PasswordRules } from '../password/password-rules.js';
import { type HashedPassword, StoredPasswords } from '../password/stored-passwords.js';
import { asUser } from '../request.js';
import type { SignUpAnswer } from '../sign-up/sign-up.js';
import { personName } from '../user/accounts.js';
import type { Consent, UserRejection } from '../user/user.decider.js';
import type { Invitation, InvitationRejection } from './invitation.decider.js';

export const acceptedInvitation = z
  .strictObject({
    token: linkToken,
    name: personName,
    password: chosenPassword,
    accept: acceptance,
  })
  .meta({
    examples: [
      {
        token: 'Vx4b0nM2q7y9sRkE1uTzPfWc3dGh6jLoAi5QeXrYtNs',
        name: 'Grace Hopper',
        password: 'nine quiet rivers by night',
        accept: [
          { document: 'terms-of-service', version: '2026-01' },
          { document: 'privacy-policy', version: '2026-01' },
        ],
      },
    ],
  });
export type AcceptedInvitation = z.output<typeof acceptedInvitation>;

type Rejection = InvitationRejection | OrganizationRejection | UserRejection;

/** Who joins, and with what. */
interface Joining {
  readonly userId: UserId;
  readonly name: string;
  readonly stored: HashedPassword;
  readonly consent: Consent;
}

/** An open invitation that somebody can still accept: its address is not erased, and its inviter is known. */
type Acceptable = Extract<Invitation, { status: 'open' }> & {
  readonly email: string;
  readonly invitedBy: UserId;
};

@Injectable()
export class AcceptInvitation {
  constructor(
    private readonly proofs: CountedProofs,
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly consents: Consents,
    private readonly rules: PasswordRules,
    private readonly passwords: StoredPasswords,
  ) {}

  /**
   * Makes the account that an invitation promised: once, whatever races. The email's link proves the email address; consents
   * are recorded in the same transaction (P15).
   */
  async accept(
    caller: Caller,
    { token, name, password: chosen, accept }: AcceptedInvitation,
    key: string | undefined,
  ): Promise<SignUpAnswer | Rejection> {
    const [given, password] = [secret(token), secret(chosen)];
    const link = await this.proofs.countLink(given, 'accept-invitation');
    const { organizationId, subjectId: invitationId } = link;
    const consent = this.consents.of(caller, accept);
    const userId = this.ids.newId() as UserId;
    const joining = { userId, name, stored: await this.passwords.hash(password), consent };
    const at = this.clock.now();
    const request = { invitationId, name, accept, password: chosen };
    const once = { organizationId, caller, operation: 'invitation.accept', key, request, at };
    return this.store.transact(organizationId, envelopeOf(caller, at, asUser(userId)), (unit) =>
      createOnce(this.vault, unit, once, async () => {
        const { state } = await unit.load(invitationAggregate, invitationId);
        if (!isAcceptable(state)) throw problem('gone');
        const member = { email: state.email, name, hasSecondFactor: false };
        await this.rules.assertGood(unit, member, password, '/password');
        if (!(await takeLink(unit, given, 'accept-invitation', this.clock.now()))) throw problem('gone');
        const rejection = await this.join(unit, state, joining);
        if (rejection) return rejection;
        await clearAttempts(unit, link.attempt);
        return { body: { organizationId, userId } };
      }),
    );
  }

  /** The invitation, the organization and the account: what one of them rejects, none of them takes. */
  private async join(
    unit: UnitOfWork,
    { organizationId, invitationId, email, role, invitedBy }: Acceptable,
    { userId, name, stored, consent }: Joining,
  ): Promise<Rejection | null> {
    const at = this.clock.now();
    const accepted = await unit.execute(invitationAggregate, invitationId, { type: 'accept', userId, at });
    if (isRejected(accepted)) return accepted;
    const added = await unit.execute(organizationAggregate, organizationId, {
      type: 'add-member',
      userId,
      role,
      invitedBy,
    });
    if (isRejected(added)) return added;
    const registered = await unit.execute(userAggregate, userId, {
      type: 'register',
      ...{ organizationId, userId, email, name, consent },
      required: this.consents.required(),
      emailVerified: true,
    });
    if (isRejected(registered)) return registered;
    await claimEmail(unit, await emailHash(this.vault, unit, email), userId);
    await this.passwords.store(unit, userId, stored);
    return null;
  }
}

function isAcceptable(state: Invitation): state is Acceptable {
  return state.status === 'open' && state.email !== null && state.invitedBy !== null;
}
