import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Res } from '@nestjs/common';
import { accepted, Caller, Operation } from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { givenPassword } from '../password/password-rules.js';
import { tellSession } from '../session/tell-session.js';
import { userProblems } from '../user/user.problems.js';
import { BeginEnrolment } from './begin-enrolment.js';
import { ConfirmEnrolment } from './confirm-enrolment.js';
import { authenticators, ListAuthenticators } from './list-authenticators.js';
import { RemoveAuthenticator } from './remove-authenticator.js';
import { RenewRecoveryCodes } from './renew-recovery-codes.js';
import { StepUp } from './step-up.js';
import { givenTotp } from './totp.js';

const enrolment = z.strictObject({
  authenticatorId: z.uuid(),
  // A repetition under the same Idempotency-Key is answered without the secret (P22).
  secret: z
    .string()
    .optional()
    .describe(
      'The secret for the authenticator app, in base32. Shown once; a repeated request is answered without it',
    ),
  otpauthUri: z
    .string()
    .optional()
    .describe('The same secret as a URI, for a QR code that the app can scan. Shown once'),
});
const shownOnce = z
  .strictObject({
    recoveryCodes: z
      .array(z.string())
      .describe(
        'Each can be used once in place of a code of the app. Shown once; empty where there are codes already',
      ),
  })
  .meta({ id: 'RecoveryCodes' });
const proof = z
  .union(
    [z.strictObject({ password: givenPassword }).meta({ id: 'GivenPassword' }), givenTotp],
    'must have exactly one field: `password` (a string) or `totp` (six digits)',
  )
  .meta({ examples: [{ password: 'seven green bridges at dawn' }] });
const proved = z.strictObject({
  authenticatedAt: z.iso
    .datetime()
    .describe('When you proved your identity; sensitive operations accept it for ten minutes'),
});
const path = z.strictObject({ id: z.uuid() });

@Controller('v1/me')
export class AuthenticatorController {
  constructor(
    private readonly listAuthenticators: ListAuthenticators,
    private readonly beginEnrolment: BeginEnrolment,
    private readonly confirmEnrolment: ConfirmEnrolment,
    private readonly removeAuthenticator: RemoveAuthenticator,
    private readonly renewRecoveryCodes: RenewRecoveryCodes,
    private readonly prove: StepUp,
  ) {}

  @Get('authenticators')
  @Operation({
    permission: 'session',
    operation: 'authenticator.list',
    entity: { type: 'user', id: 'caller.actorId' },
    effect: 'read',
    summary: 'The caller’s second factors',
    answers: { 200: authenticators },
  })
  list(@Caller() caller: Caller): Promise<z.infer<typeof authenticators>> {
    return this.listAuthenticators.list(caller);
  }

  @Post('authenticators/totp')
  @Operation({
    permission: 'session',
    operation: 'authenticator.begin-totp',
    entity: { type: 'authenticator', id: 'response.authenticatorId' },
    effect: 'write',
    summary: 'Start to enrol an authenticator app; the secret is shown once',
    answers: { 201: enrolment },
    problems: ['step-up-required', 'second-factor-required'],
    idempotent: true,
  })
  begin(
    @Caller() caller: Caller,
    @Headers('idempotency-key') key?: string,
  ): Promise<z.infer<typeof enrolment>> {
    return this.beginEnrolment.begin(caller, key);
  }

  @Post('authenticators/totp/:id/confirmation')
  @Operation({
    permission: 'session',
    operation: 'authenticator.confirm-totp',
    entity: { type: 'authenticator', id: 'path.id' },
    effect: 'write',
    summary:
      'Confirm the app by its first code; the first authenticator brings recovery codes, which are shown once',
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
    const confirmed = await this.confirmEnrolment.confirm(caller, id, totp);
    const { session, recoveryCodes } = accepted(confirmed, userProblems);
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
    summary: 'Remove a second factor; the last one stays if the organization requires one',
    answers: { 204: null },
    problems: ['not-found', 'conflict', 'step-up-required', 'second-factor-required'],
  })
  async remove(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
  ): Promise<void> {
    accepted(await this.removeAuthenticator.remove(caller, id), userProblems);
  }

  @Post('authenticators/recovery-codes')
  @Operation({
    permission: 'self',
    operation: 'authenticator.renew-recovery-codes',
    entity: { type: 'user', id: 'caller.actorId' },
    effect: 'write',
    summary: 'Create new recovery codes, shown once; the earlier ones stop working',
    answers: { 201: shownOnce },
    problems: ['not-found', 'step-up-required', 'second-factor-required'],
  })
  async renew(@Caller() caller: Caller): Promise<z.infer<typeof shownOnce>> {
    return accepted(await this.renewRecoveryCodes.renew(caller), userProblems);
  }

  @Post('step-up')
  @HttpCode(200)
  @Operation({
    permission: 'session',
    operation: 'session.step-up',
    entity: { type: 'session', id: 'caller.sessionId' },
    effect: 'write',
    summary: 'Confirm your identity again, for a sensitive operation',
    answers: { 200: proved },
    headers: ['Set-Cookie'],
    problems: ['wrong-credentials', 'too-many-requests', 'second-factor-required'],
  })
  async stepUp(
    @Caller() caller: Caller,
    @Body({ schema: proof }) body: z.infer<typeof proof>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof proved>> {
    const { session, authenticatedAt } = await this.prove.stepUp(caller, body);
    tellSession(reply, session);
    return { authenticatedAt };
  }
}
