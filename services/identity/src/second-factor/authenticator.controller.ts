import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import { instant } from '@vouchsafe/database';
import { Caller, Operation } from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { IDENTITY, type Identity } from '../identity.js';
import { givenTotp } from '../log-in/answer-challenge.js';
import { givenPassword } from '../password/password-rules.js';
import { principalOf } from '../request.js';
import { tellSession } from '../session/tell-session.js';
import { remainingRecoveryCodes } from './recovery-codes.js';
import {
  beginTotpEnrolment,
  confirmTotpEnrolment,
  removeAuthenticator,
  renewRecoveryCodes,
  stepUp,
} from './second-factor.js';

const authenticators = z.strictObject({
  items: z.array(
    z
      .strictObject({
        authenticatorId: z.uuid(),
        kind: z.enum(['totp']),
        enrolledAt: z.iso.datetime(),
        lastUsedAt: z.iso.datetime().nullable(),
      })
      .meta({ id: 'Authenticator' }),
  ),
  recoveryCodesLeft: z.int(),
});
const enrolment = z.strictObject({
  authenticatorId: z.uuid(),
  /** Shown once; a repetition under the same Idempotency-Key is answered without it (P22). */
  secret: z.string().optional(),
  otpauthUri: z.string().optional(),
});
const shownOnce = z.strictObject({ recoveryCodes: z.array(z.string()) }).meta({ id: 'RecoveryCodes' });
const proof = z
  .union([z.strictObject({ password: givenPassword }).meta({ id: 'GivenPassword' }), givenTotp])
  .meta({ examples: [{ password: 'seven green bridges at dawn' }] });
const proved = z.strictObject({ authenticatedAt: z.iso.datetime() });
const path = z.strictObject({ id: z.uuid() });

@Controller('v1/me')
export class AuthenticatorController {
  constructor(@Inject(IDENTITY) private readonly identity: Identity) {}

  @Get('authenticators')
  @Operation({
    permission: 'session',
    operation: 'authenticator.list',
    entity: { type: 'user', id: 'caller.actorId' },
    effect: 'read',
    summary: "The caller's second factors",
    answers: { 200: authenticators },
  })
  list(@Caller() caller: Caller): Promise<z.infer<typeof authenticators>> {
    const { organizationId, userId } = principalOf(caller);
    return this.identity.database.forOrganization(organizationId, async (sql) => {
      const rows = await sql.query<{
        authenticator_id: string;
        kind: 'totp';
        enrolled_at: string;
        last_used_at: string | null;
      }>(
        `select authenticator_id, kind, enrolled_at, last_used_at from authenticator
         where user_id = $1 and enrolled_at is not null order by enrolled_at`,
        [userId],
      );
      return {
        items: rows.map((row) => ({
          authenticatorId: row.authenticator_id,
          kind: row.kind,
          enrolledAt: instant(row.enrolled_at).toISOString(),
          lastUsedAt: row.last_used_at === null ? null : instant(row.last_used_at).toISOString(),
        })),
        recoveryCodesLeft: await remainingRecoveryCodes(sql, userId),
      };
    });
  }

  @Post('authenticators/totp')
  @Operation({
    permission: 'session',
    operation: 'authenticator.begin-totp',
    entity: { type: 'authenticator', id: 'response.authenticatorId' },
    effect: 'write',
    summary: 'Begin to enrol an authenticator app; the secret is shown once',
    answers: { 201: enrolment },
    problems: ['step-up-required', 'second-factor-required'],
    idempotent: true,
  })
  begin(
    @Caller() caller: Caller,
    @Headers('idempotency-key') key?: string,
  ): Promise<z.infer<typeof enrolment>> {
    return beginTotpEnrolment(this.identity, caller, key);
  }

  @Post('authenticators/totp/:id/confirmation')
  @Operation({
    permission: 'session',
    operation: 'authenticator.confirm-totp',
    entity: { type: 'authenticator', id: 'path.id' },
    effect: 'write',
    summary: 'Enrol the app by its first code; recovery codes are shown once, with the first authenticator',
    answers: { 201: shownOnce },
    headers: ['Set-Cookie'],
    problems: ['not-found', 'wrong-credentials', 'too-many-requests', 'second-factor-required'],
  })
  async confirm(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
    @Body({ schema: givenTotp }) { totp }: z.infer<typeof givenTotp>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof shownOnce>> {
    const { session, recoveryCodes } = await confirmTotpEnrolment(this.identity, caller, id, totp);
    tellSession(reply, session);
    return { recoveryCodes };
  }

  @Delete('authenticators/:id')
  @HttpCode(204)
  @Operation({
    permission: 'self',
    operation: 'authenticator.remove',
    entity: { type: 'authenticator', id: 'path.id' },
    effect: 'write',
    summary: 'Remove a second factor; not the last one where the organization requires one',
    answers: { 204: null },
    problems: ['not-found', 'conflict', 'step-up-required', 'second-factor-required'],
  })
  async remove(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
  ): Promise<void> {
    await removeAuthenticator(this.identity, caller, id);
  }

  @Post('authenticators/recovery-codes')
  @Operation({
    permission: 'self',
    operation: 'authenticator.renew-recovery-codes',
    entity: { type: 'user', id: 'caller.actorId' },
    effect: 'write',
    summary: 'New recovery codes, shown once; the earlier ones are void',
    answers: { 201: shownOnce },
    problems: ['not-found', 'step-up-required', 'second-factor-required'],
  })
  renew(@Caller() caller: Caller): Promise<z.infer<typeof shownOnce>> {
    return renewRecoveryCodes(this.identity, caller);
  }

  @Post('step-up')
  @HttpCode(200)
  @Operation({
    permission: 'session',
    operation: 'session.step-up',
    entity: { type: 'session', id: 'caller.sessionId' },
    effect: 'write',
    summary: 'Prove again who you are, for a sensitive operation',
    answers: { 200: proved },
    headers: ['Set-Cookie'],
    problems: ['wrong-credentials', 'too-many-requests', 'second-factor-required'],
  })
  async stepUp(
    @Caller() caller: Caller,
    @Body({ schema: proof }) body: z.infer<typeof proof>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof proved>> {
    const { session, authenticatedAt } = await stepUp(this.identity, caller, body);
    tellSession(reply, session);
    return { authenticatedAt };
  }
}
