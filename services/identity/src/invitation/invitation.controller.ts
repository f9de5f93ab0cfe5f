import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  accepted,
  Caller,
  Operation,
  type PageQuery,
  pageQuery,
  type RejectionProblem,
  tellWhose,
} from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { organizationProblems } from '../organization/organization.problems.js';
import { signUpAnswer, type SignUpAnswer } from '../sign-up/sign-up.js';
import { userProblems } from '../user/user.problems.js';
import { acceptedInvitation, type AcceptedInvitation, AcceptInvitation } from './accept-invitation.js';
import type { InvitationRejection } from './invitation.decider.js';
import {
  type CreatedInvitation,
  createdInvitation,
  InvitePerson,
  newInvitation,
  type NewInvitation,
} from './invite-person.js';
import { invitationPage, ListInvitations } from './list-invitations.js';
import { RevokeInvitation } from './revoke-invitation.js';

const path = z.strictObject({ id: z.uuid() });

/** How each rejection is answered. */
const invitationProblems = {
  'already-created': ['conflict', 'The invitation already exists'],
  'beyond-own-role': ['forbidden', 'Your role lacks a permission of the role that you invite into'],
  'not-open': ['gone', 'The invitation has been used or withdrawn'],
  expired: ['gone', 'The invitation has expired'],
} as const satisfies Record<InvitationRejection['rejected'], RejectionProblem>;

const revocationProblems = {
  ...invitationProblems,
  'not-open': ['not-found', 'There is no such open invitation'],
} as const;

@Controller('v1/invitations')
export class InvitationController {
  constructor(
    private readonly listInvitations: ListInvitations,
    private readonly invitePerson: InvitePerson,
    private readonly acceptInvitation: AcceptInvitation,
    private readonly revokeInvitation: RevokeInvitation,
  ) {}

  @Get()
  @Operation({
    permission: 'members:read',
    operation: 'invitation.list',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'Invitations, oldest first',
    answers: { 200: invitationPage },
  })
  list(
    @Caller() caller: Caller,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<z.infer<typeof invitationPage>> {
    return this.listInvitations.list(caller, query);
  }

  @Post()
  @Operation({
    permission: 'invitations:write',
    operation: 'invitation.create',
    entity: { type: 'invitation', id: 'response.invitationId' },
    effect: 'write',
    summary: 'Invite a person, by an email with a link',
    answers: { 201: createdInvitation },
    problems: ['forbidden', 'step-up-required', 'too-many-requests'],
    idempotent: true,
  })
  async create(
    @Caller() caller: Caller,
    @Body({ schema: newInvitation }) body: NewInvitation,
    @Headers('idempotency-key') key?: string,
  ): Promise<CreatedInvitation> {
    return accepted(await this.invitePerson.invite(caller, body, key), invitationProblems);
  }

  @Post('acceptance')
  @Operation({
    permission: 'public',
    operation: 'invitation.accept',
    entity: { type: 'user', id: 'response.userId' },
    effect: 'write',
    summary: 'Accept an invitation, by the token of the link in the email',
    description:
      'The email links to `/accept-invitation#token=...` of the frontend, at the address that VOUCHSAFE_PUBLIC_URL names. The page sends ' +
      'what follows `#token=` here, as `token`.',
    answers: { 201: signUpAnswer },
    problems: ['gone', 'rejected', 'too-many-requests'],
    idempotent: true,
  })
  async accept(
    @Caller() caller: Caller,
    @Body({ schema: acceptedInvitation }) body: AcceptedInvitation,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Headers('idempotency-key') key?: string,
  ): Promise<SignUpAnswer> {
    const problems = { ...invitationProblems, ...organizationProblems, ...userProblems };
    const answer = accepted(await this.acceptInvitation.accept(caller, body, key), problems);
    tellWhose(reply, answer);
    return answer;
  }

  @Delete(':id')
  @HttpCode(204)
  @Operation({
    permission: 'invitations:write',
    operation: 'invitation.revoke',
    entity: { type: 'invitation', id: 'path.id' },
    effect: 'write',
    summary: 'Withdraw an invitation that is still open',
    answers: { 204: null },
    problems: ['not-found'],
  })
  async revoke(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
  ): Promise<void> {
    accepted(await this.revokeInvitation.revoke(caller, id), revocationProblems);
  }
}
