import { Body, Controller, Headers, HttpCode, Post, Res } from '@nestjs/common';
import { accepted, Caller, Operation, tellWhose } from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { linkToken } from '../link-token.js';
import { organizationProblems } from '../organization/organization.problems.js';
import { userProblems } from '../user/user.problems.js';
import { SignUp, signUpAnswer, type SignUpAnswer, signUpRequest, type SignUpRequest } from './sign-up.js';
import { type VerificationAnswer, verificationAnswer, VerifyEmail } from './verify-email.js';

const problems = { ...organizationProblems, ...userProblems };
const verification = z
  .strictObject({ token: linkToken })
  .meta({ examples: [{ token: 'Vx4b0nM2q7y9sRkE1uTzPfWc3dGh6jLoAi5QeXrYtNs' }] });

@Controller('v1/sign-up')
export class SignUpController {
  constructor(
    private readonly signUp: SignUp,
    private readonly verifyEmail: VerifyEmail,
  ) {}

  @Post()
  @Operation({
    permission: 'public',
    operation: 'sign-up.create',
    entity: { type: 'organization', id: 'response.organizationId' },
    effect: 'write',
    summary:
      'Sign up: create a pending organization with its first owner and their consents; an email with a link follows',
    answers: { 201: signUpAnswer },
    problems: ['rejected'],
    idempotent: true,
  })
  async create(
    @Caller() caller: Caller,
    @Body({ schema: signUpRequest }) body: SignUpRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Headers('idempotency-key') key?: string,
  ): Promise<SignUpAnswer> {
    const answer = accepted(await this.signUp.signUp(caller, body, key), problems);
    tellWhose(reply, answer);
    return answer;
  }

  @Post('verification')
  @HttpCode(200)
  @Operation({
    permission: 'public',
    operation: 'sign-up.verify',
    entity: { type: 'organization', id: 'response.organizationId' },
    effect: 'write',
    summary:
      'Confirm the email address by the token of the link in the email; the organization becomes active',
    description:
      'The email links to `/verify-email#token=...` of the frontend, at the address that VOUCHSAFE_PUBLIC_URL names. The page sends ' +
      'what follows `#token=` here, as `token`.',
    answers: { 200: verificationAnswer },
    problems: ['gone'],
  })
  async verify(
    @Caller() caller: Caller,
    @Body({ schema: verification }) { token }: z.infer<typeof verification>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<VerificationAnswer> {
    const answer = accepted(await this.verifyEmail.verify(caller, token), problems);
    tellWhose(reply, answer);
    return answer;
  }
}
