/** @promise P15 registers organization, owner and consents in one transaction */
import { postgresFault } from '@vouchsafe/database';
import type { OrganizationId, UserId } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, idempotencyKey, plainLine, problem } from '@vouchsafe/service-host';
import { type Secret, secret } from '@vouchsafe/vault';
import { z } from 'zod';
import { acceptance, consentOf, requiredDocuments } from '../consent/consents.js';
import { accountByEmailHash, emailAddress, emailHash } from '../email-address.js';
import { createOnce } from '../idempotent.js';
import type { Identity } from '../identity.js';
import { postLetter } from '../letter/letter-outbox.js';
import { findLink, makeLinkToken, takeLink } from '../link-token.js';
import { organizationProblems } from '../organization/organization.problems.js';
import { assertGoodPassword, givenPassword, isGoodAlone } from '../password/password-rules.js';
import { accepted, asUser, envelopeOf } from '../request.js';
import { readAccount } from '../user/accounts.js';
import { userProblems } from '../user/user.problems.js';
import { signedUpFrom, voidPassword } from './whose-password.js';

export const personName = plainLine(200);
export const organizationName = plainLine(200);

export const signUpRequest = z
  .strictObject({
    organization: z.strictObject({ name: organizationName }),
    user: z.strictObject({ email: emailAddress, name: personName, password: givenPassword }),
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

export const verificationAnswer = signUpAnswer.extend({
  /** The password of the sign-up is void; a letter with a link to choose one is on its way. */
  next: z.literal('choose-password').optional(),
});
export type VerificationAnswer = z.infer<typeof verificationAnswer>;

/**
 * Registers a pending organization with its first owner and their consents, in one transaction (P15). A pending sign-up claims
 * nothing: whether the email address has an account already changes the letter alone, not the work, the time or the answer
 * (ASVS 6.3.8).
 */
export async function signUp(
  identity: Identity,
  caller: Caller,
  { organization, user, accept }: SignUpRequest,
  key: string | undefined,
): Promise<SignUpAnswer> {
  const password = secret(user.password);
  assertGoodPassword(identity.breached, {
    password,
    secondFactor: false,
    context: [user.email, user.name, organization.name],
    pointer: '/user/password',
  });
  const consent = consentOf(identity, caller, accept);
  const [organizationId, userId] = [
    await newOrganizationId(identity, user.email, key),
    identity.newId() as UserId,
  ];
  const stored = await hashed(identity, password);
  const { aggregates } = identity;
  return identity.store.transact(
    organizationId,
    envelopeOf(identity, caller, asUser(userId)),
    async (unit) => {
      const request = { organization, user, accept };
      return createOnce(identity, unit, { caller, operation: 'sign-up', key, request }, async () => {
        accepted(
          await unit.execute(aggregates.organization, organizationId, {
            type: 'register',
            organizationId,
            name: organization.name,
            ownerId: userId,
          }),
          organizationProblems,
        );
        accepted(
          await unit.execute(aggregates.user, userId, {
            type: 'register',
            organizationId,
            userId,
            email: user.email,
            name: user.name,
            consent,
            required: requiredDocuments(identity),
            emailVerified: false,
          }),
          userProblems,
        );
        await storePassword(identity, unit, userId, stored);
        await postVerification(identity, unit, { organizationId, userId, email: user.email });
        return { body: { organizationId, userId } };
      });
    },
  );
}

/**
 * Activates what was signed up for, and claims the email address: the first who verifies it has it. The link proves the address,
 * not who chose the password: that one holds only where sign-up and link come from the same browser (ADR 0014).
 */
export async function verifyEmail(
  identity: Identity,
  caller: Caller,
  token: string,
): Promise<VerificationAnswer> {
  const given = secret(token);
  const found = await identity.database.beforeOrganization((sql) => findLink(sql, given, 'verify-email'));
  if (!found) throw problem('gone');
  const { organizationId } = found;
  const userId = found.subjectId as UserId;
  const { aggregates, vault } = identity;
  const holds = await identity.store.transact(
    organizationId,
    envelopeOf(identity, caller, asUser(userId)),
    async (unit) => {
      if (!(await takeLink(unit, given, 'verify-email', identity.now()))) throw problem('gone');
      const { email } = await readAccount(identity, unit, userId);
      if (email === null) throw problem('gone');
      await claimEmail(unit, await emailHash(vault, unit, email), userId);
      accepted(await unit.execute(aggregates.user, userId, { type: 'verify-email' }), userProblems);
      accepted(
        await unit.execute(aggregates.organization, organizationId, { type: 'activate' }),
        organizationProblems,
      );
      if (await signedUpFrom(identity, unit, userId, caller)) return true;
      await voidPassword(identity, unit, { organizationId, userId, email });
      return false;
    },
  );
  return holds ? { organizationId, userId } : { organizationId, userId, next: 'choose-password' };
}

export interface HashedPassword {
  readonly hash: string;
  /** Long enough without a second factor. */
  readonly goodAlone: boolean;
}

export async function hashed({ hasher }: Identity, password: Secret): Promise<HashedPassword> {
  return { hash: await hasher.hash(password), goodAlone: isGoodAlone(password) };
}

export async function storePassword(
  { now }: Identity,
  unit: UnitOfWork,
  userId: UserId,
  { hash, goodAlone }: HashedPassword,
): Promise<void> {
  await unit.query(
    `insert into password (organization_id, user_id, hash, good_alone, changed_at) values ($1, $2, $3, $4, $5)
     on conflict (user_id) do update set
       hash = excluded.hash, good_alone = excluded.good_alone, changed_at = excluded.changed_at`,
    [unit.organizationId, userId, hash, goodAlone, now()],
  );
}

/** @throws the problem `gone` where another account has verified the address meanwhile */
export async function claimEmail(unit: UnitOfWork, hash: Buffer, userId: UserId): Promise<void> {
  try {
    await unit.query('insert into email_address (organization_id, email_hash, user_id) values ($1, $2, $3)', [
      unit.organizationId,
      hash,
      userId,
    ]);
  } catch (error) {
    if (postgresFault(error)?.constraint === 'email_address_pkey') throw problem('gone', { cause: error });
    throw error;
  }
}

async function postVerification(
  identity: Identity,
  unit: UnitOfWork,
  who: { organizationId: OrganizationId; userId: UserId; email: string },
): Promise<void> {
  const { organizationId, userId, email } = who;
  const { vault } = identity;
  const at = identity.now();
  // Made in either case; the letter decides who gets it.
  const token = await makeLinkToken(unit, { organizationId, purpose: 'verify-email', subjectId: userId, at });
  const taken = await accountByEmailHash(unit, await emailHash(vault, unit, email));
  await postLetter(unit, vault, {
    letterId: identity.newId(),
    organizationId,
    subjectId: userId,
    content: taken
      ? { kind: 'already-registered', email }
      : { kind: 'verify-email', email, token: token.reveal() },
    idempotencyKey: `verify-email:${userId}`,
    at,
  });
  unit.afterCommit(() => identity.lettersWaiting());
}

/**
 * Before there is an organization, a repetition must find the first time's: with an Idempotency-Key the id comes from the key and
 * the address, by HMAC, so that nobody uses up the keys of others; without one it is random.
 */
async function newOrganizationId(
  identity: Identity,
  email: string,
  key: string | undefined,
): Promise<OrganizationId> {
  if (key === undefined) return identity.newId() as OrganizationId;
  const hash = await identity.database.beforeOrganization((sql) =>
    identity.vault.keyedHash(sql, 'sign-up-idempotency-key', `${email.toLowerCase()} ${idempotencyKey(key)}`),
  );
  return uuidFrom(hash) as OrganizationId;
}

/** RFC 9562 section 5.8: a UUID of version 8, whose bits are our own. */
function uuidFrom(bytes: Buffer): string {
  const own = Buffer.from(bytes.subarray(0, 16));
  own.writeUInt8((own.readUInt8(6) & 0x0f) | 0x80, 6);
  own.writeUInt8((own.readUInt8(8) & 0x3f) | 0x80, 8);
  return own.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
