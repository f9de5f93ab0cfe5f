/** @promise P15 registers organization, owner and consents in one transaction */
import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { isRejected, type OrganizationId, type UserId } from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import {
  type Caller,
  Clock,
  createOnce,
  envelopeOf,
  idempotencyKey,
  Ids,
  emailAddress,
} from '@vouchsafe/service-host';
import { secret, Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { organizationAggregate } from '../organization/organization.aggregate.js';
import { userAggregate } from '../user/user.aggregate.js';
import { acceptance, Consents } from '../consent/consents.js';
import { accountByEmailHash, emailHash } from '../email-address.js';
import { EmailOutbox } from '../email/email-outbox.js';
import { makeLinkToken } from '../link-token.js';
import { organizationName } from '../organization/change-organization.js';
import type { OrganizationRejection } from '../organization/organization.decider.js';
import { BreachedPasswords } from '../password/breached-passwords.js';
import { assertGoodPassword, chosenPassword } from '../password/password-rules.js';
import { StoredPasswords } from '../password/stored-passwords.js';
import { asUser } from '../request.js';
import { personName } from '../user/accounts.js';
import type { Consent, UserRejection } from '../user/user.decider.js';
import { storedNames } from '../stored-names.js';

export const signUpRequest = z
  .strictObject({
    organization: z.strictObject({ name: organizationName }),
    user: z.strictObject({ email: emailAddress, name: personName, password: chosenPassword }),
    accept: acceptance,
  })
  .meta({
    examples: [
      {
        organization: { name: 'Analytical Engines' },
        user: { email: 'ada@example.com', name: 'Ada Lovelace', password: 'seven green bridges at dawn' },
        accept: [
          { document: 'terms-of-service', version: '2026-01' },
          { document: 'privacy-policy', version: '2026-01' },
        ],
      },
    ],
  });
export type SignUpRequest = z.output<typeof signUpRequest>;

export const signUpAnswer = z
  .strictObject({ organizationId: z.uuid(), userId: z.uuid() })
  .meta({ id: 'NewAccount' });
export type SignUpAnswer = z.infer<typeof signUpAnswer>;

type Rejection = OrganizationRejection | UserRejection;

interface NewAccount {
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  readonly consent: Consent;
}

@Injectable()
export class SignUp {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly consents: Consents,
    private readonly breached: BreachedPasswords,
    private readonly passwords: StoredPasswords,
    private readonly emails: EmailOutbox,
  ) {}

  /**
   * Registers a pending organization with its first owner and their consents, in one transaction (P15). A pending sign-up claims
   * nothing: whether the email address has an account already changes the email alone, not the work, the time or the answer
   * (ASVS 6.3.8).
   */
  async signUp(
    caller: Caller,
    request: SignUpRequest,
    key: string | undefined,
  ): Promise<SignUpAnswer | Rejection> {
    const { organization, user, accept } = request;
    const password = secret(user.password);
    assertGoodPassword(this.breached, {
      password,
      secondFactor: false,
      context: [user.email, user.name, organization.name],
      pointer: '/user/password',
    });
    const consent = this.consents.of(caller, accept);
    const organizationId = await this.newOrganizationId(user.email, key);
    const userId = this.ids.newId() as UserId;
    const stored = await this.passwords.hash(password);
    const at = this.clock.now();
    const asked = { organization, user, accept };
    const once = { organizationId, caller, operation: 'sign-up', key, request: asked, at };
    return this.store.transact(organizationId, envelopeOf(caller, at, asUser(userId)), (unit) =>
      createOnce(this.vault, unit, once, async () => {
        const rejection = await this.register(unit, request, { organizationId, userId, consent });
        if (rejection) return rejection;
        await this.passwords.store(unit, userId, stored);
        await this.postVerification(unit, { organizationId, userId, email: user.email });
        return { body: { organizationId, userId } };
      }),
    );
  }

  private async register(
    unit: UnitOfWork,
    { organization, user }: SignUpRequest,
    { organizationId, userId, consent }: NewAccount,
  ): Promise<Rejection | null> {
    const founded = await unit.execute(organizationAggregate, organizationId, {
      type: 'register',
      organizationId,
      name: organization.name,
      ownerId: userId,
    });
    if (isRejected(founded)) return founded;
    const registered = await unit.execute(userAggregate, userId, {
      type: 'register',
      organizationId,
      userId,
      email: user.email,
      name: user.name,
      consent,
      required: this.consents.required(),
      emailVerified: false,
    });
    return isRejected(registered) ? registered : null;
  }

  private async postVerification(
    unit: UnitOfWork,
    { organizationId, userId, email }: { organizationId: OrganizationId; userId: UserId; email: string },
  ): Promise<void> {
    // Made in either case, so that the work is the same; which email is sent decides whether it is used.
    const link = {
      organizationId,
      purpose: 'verify-email',
      subjectId: userId,
      at: this.clock.now(),
    } as const;
    const token = await makeLinkToken(unit, link);
    const taken = await accountByEmailHash(unit, await emailHash(this.vault, unit, email));
    await this.emails.post(unit, {
      organizationId,
      subjectId: userId,
      content: taken
        ? { kind: 'already-registered', email }
        : { kind: 'verify-email', email, token: token.reveal() },
      idempotencyKey: `verify-email:${userId}`,
    });
  }

  /**
   * Before there is an organization, a repetition must find the first time's: with an Idempotency-Key the id comes from the key and
   * the address, by HMAC, so that nobody uses up the keys of others; without one it is random.
   */
  private async newOrganizationId(email: string, key: string | undefined): Promise<OrganizationId> {
    if (key === undefined) return this.ids.newId() as OrganizationId;
    const hash = await this.database.beforeOrganization((sql) =>
      this.vault.keyedHash(
        sql,
        storedNames.signUpIdempotencyKey,
        `${email.toLowerCase()} ${idempotencyKey(key)}`,
      ),
    );
    return uuidFrom(hash) as OrganizationId;
  }
}

/** RFC 9562 section 5.8: a UUID of version 8, whose bits are our own. */
function uuidFrom(bytes: Buffer): string {
  const own = Buffer.from(bytes.subarray(0, 16));
  own.writeUInt8((own.readUInt8(6) & 0x0f) | 0x80, 6);
  own.writeUInt8((own.readUInt8(8) & 0x3f) | 0x80, 8);
  return own.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
