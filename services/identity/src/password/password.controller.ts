import { Body, Controller, HttpCode, Post, Put, Res } from '@nestjs/common';
import { accepted, Caller, Operation, tellWhose, emailAddress } from '@vouchsafe/service-host';
import { linkToken } from '../link-token.js';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { userProblems } from '../user/user.problems.js';
import { ChangePassword } from './change-password.js';
import { chosenPassword, givenPassword } from './password-rules.js';
import { RequestPasswordReset } from './request-password-reset.js';
import { ResetPassword } from './reset-password.js';

const change = z.strictObject({ currentPassword: givenPassword, newPassword: chosenPassword }).meta({
  examples: [{ currentPassword: 'seven green bridges at dawn', newPassword: 'nine quiet rivers by night' }],
});
const resetRequest = z
  .strictObject({ email: emailAddress })
  .meta({ examples: [{ email: 'ada@example.com' }] });
const reset = z.strictObject({ token: linkToken, password: chosenPassword }).meta({
  examples: [
    { token: 'Vx4b0nM2q7y9sRkE1uTzPfWc3dGh6jLoAi5QeXrYtNs', password: 'nine quiet rivers by night' },
  ],
});
const nothing = z.strictObject({});

@Controller('v1')
export class PasswordController {
  constructor(
    private readonly changePassword: ChangePassword,
    private readonly requestPasswordReset: RequestPasswordReset,
    private readonly resetPassword: ResetPassword,
  ) {}

  @Put('me/password')
  @HttpCode(204)
  @Operation({
    permission: 'self',
    operation: 'password.change',
    entity: { type: 'user', id: 'caller.actorId' },
    effect: 'write',
    summary: 'Change your password; all your other sessions end',
    answers: { 204: null },
    problems: ['wrong-credentials', 'too-many-requests'],
  })
  async change(
    @Caller() caller: Caller,
    @Body({ schema: change }) body: z.infer<typeof change>,
  ): Promise<void> {
    accepted(await this.changePassword.change(caller, body), userProblems);
  }

  @Post('password-resets')
  @HttpCode(202)
  @Operation({
    permission: 'public',
    operation: 'password.request-reset',
    entity: { type: 'user', id: null },
    effect: 'write',
    summary: 'Request an email with a link; the answer is the same whether or not there is an account',
    answers: { 202: nothing },
  })
  async requestReset(
    @Body({ schema: resetRequest }) { email }: z.output<typeof resetRequest>,
  ): Promise<z.infer<typeof nothing>> {
    await this.requestPasswordReset.request(email);
    return {};
  }

  @Post('password-resets/confirmation')
  @HttpCode(204)
  @Operation({
    permission: 'public',
    operation: 'password.reset',
    entity: { type: 'user', id: null },
    effect: 'write',
    summary: 'Choose a new password by the token of the link in the email; all sessions end',
    description:
      'The email links to `/reset-password#token=...` of the frontend, at the address that VOUCHSAFE_PUBLIC_URL names. The page sends ' +
      'what follows `#token=` here, as `token`.',
    answers: { 204: null },
    problems: ['gone', 'too-many-requests'],
  })
  async reset(
    @Caller() caller: Caller,
    @Body({ schema: reset }) body: z.infer<typeof reset>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    tellWhose(reply, accepted(await this.resetPassword.reset(caller, body), userProblems));
  }
}
