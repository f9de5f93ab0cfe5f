/** @promise P12 (main) recommends a second factor at each log-in without one */
import { Body, Controller, Param, Post, Res } from '@nestjs/common';
import {
  accepted,
  Caller,
  ENTRY_DETAILS_HEADER,
  entryDetails,
  Operation,
  tellWhose,
  emailAddress,
} from '@vouchsafe/service-host';
import { secret } from '@vouchsafe/vault';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { givenPassword } from '../password/password-rules.js';
import { tellSession } from '../session/tell-session.js';
import { userProblems } from '../user/user.problems.js';
import { AnswerChallenge, challengeAnswer, type ChallengeAnswer } from './answer-challenge.js';
import type { LogInOutcome } from './begin-session.js';
import { LogIn } from './log-in.js';

const logInRequest = z
  .strictObject({ email: emailAddress, password: givenPassword })
  .meta({ examples: [{ email: 'ada@example.com', password: 'seven green bridges at dawn' }] });

const loggedIn = z
  .strictObject({
    sessionId: z.uuid(),
    expiresAt: z.iso.datetime(),
    recommended: z
      .literal('enrol-second-factor')
      .optional()
      .describe('Suggested at every log-in until the account has a second factor'),
  })
  .meta({ id: 'LoggedIn' });

const asked = z
  .strictObject({
    next: z
      .enum(['totp', 'enrol-second-factor', 'accept-documents'])
      .describe(
        'What the log-in expects next: `totp`: a code of the authenticator app, or a recovery code; `enrol-second-factor`: enrol one in ' +
          'the session that began; `accept-documents`: accept the current legal documents',
      ),
    challengeId: z.string().describe('Send the answer to `POST /v1/sessions/challenges/{challengeId}`'),
  })
  .meta({ id: 'LogInChallenge' });

const challengePath = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/, 'must be the `challengeId` of a log-in')
    .describe('`challengeId` of the log-in'),
});

@Controller('v1/sessions')
export class LogInController {
  constructor(
    private readonly logIn: LogIn,
    private readonly challenge: AnswerChallenge,
  ) {}

  @Post()
  @Operation({
    permission: 'public',
    operation: 'session.create',
    entity: { type: 'session', id: 'response.sessionId' },
    effect: 'write',
    summary: 'Log in by email and password; an answer with status 200 asks for another step',
    answers: { 201: loggedIn, 200: asked },
    headers: ['Set-Cookie'],
    problems: ['wrong-credentials', 'organization-inactive', 'too-many-requests'],
  })
  async create(
    @Caller() caller: Caller,
    @Body({ schema: logInRequest }) { email, password }: z.output<typeof logInRequest>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return answer(reply, await this.logIn.logIn(caller, email, secret(password)));
  }

  @Post('challenges/:id')
  @Operation({
    permission: 'public',
    operation: 'session.answer-challenge',
    entity: { type: 'session', id: 'response.sessionId' },
    effect: 'write',
    summary: 'Answer what a log-in asked for: a code, a recovery code, or acceptance of the legal documents',
    answers: { 201: loggedIn, 200: asked },
    headers: ['Set-Cookie'],
    problems: [
      'wrong-credentials',
      'organization-inactive',
      'too-many-requests',
      'gone',
      'conflict',
      'rejected',
    ],
  })
  async answerChallenge(
    @Caller() caller: Caller,
    @Param({ schema: challengePath }) { id }: z.infer<typeof challengePath>,
    @Body({ schema: challengeAnswer }) body: ChallengeAnswer,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return answer(reply, accepted(await this.challenge.answer(caller, secret(id), body), userProblems));
  }
}

function answer(
  reply: FastifyReply,
  outcome: LogInOutcome,
): z.infer<typeof loggedIn> | z.infer<typeof asked> {
  tellWhose(reply, outcome);
  if (outcome.session) tellSession(reply, outcome.session);
  if (outcome.next !== null) {
    // A proof was right and nobody is logged in yet, or to nothing but this question: the entry says so (ASVS 16.3.1).
    void reply.header(ENTRY_DETAILS_HEADER, entryDetails({ next: outcome.next }));
    void reply.status(200);
    return { next: outcome.next, challengeId: outcome.challengeId.reveal() };
  }
  const { sessionId, expiresAt } = outcome.session;
  return {
    sessionId,
    expiresAt: expiresAt.toISOString(),
    ...(outcome.secondFactor ? {} : { recommended: 'enrol-second-factor' as const }),
  };
}
