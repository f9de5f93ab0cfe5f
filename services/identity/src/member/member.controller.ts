import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Patch, Query, Res } from '@nestjs/common';
import { userId } from '@vouchsafe/event-sourcing';
import { accepted, Caller, etagOf, Operation, type PageQuery, pageQuery } from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { organizationProblems } from '../organization/organization.problems.js';
import { role } from '../permission/role.js';
import { ChangeRole } from './change-role.js';
import { ListMembers, memberPage, type MemberView, memberView } from './list-members.js';
import { ReadMember } from './read-member.js';
import { RemoveMember } from './remove-member.js';

const memberPath = z.strictObject({ id: userId });
const roleChange = z.strictObject({ role }).meta({ examples: [{ role: 'member' }] });

@Controller('v1/members')
export class MemberController {
  constructor(
    private readonly listMembers: ListMembers,
    private readonly readMember: ReadMember,
    private readonly changeRoleOf: ChangeRole,
    private readonly removeMember: RemoveMember,
  ) {}

  @Get()
  @Operation({
    permission: 'members:read',
    operation: 'member.list',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'The members, in the order in which they joined',
    answers: { 200: memberPage },
  })
  list(
    @Caller() caller: Caller,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<z.infer<typeof memberPage>> {
    return this.listMembers.list(caller, query);
  }

  @Get(':id')
  @Operation({
    permission: 'members:read',
    operation: 'member.read',
    entity: { type: 'user', id: 'path.id' },
    effect: 'read',
    summary: 'A member',
    answers: { 200: memberView },
    headers: ['ETag'],
    problems: ['not-found'],
  })
  async read(
    @Caller() caller: Caller,
    @Param({ schema: memberPath }) { id }: z.infer<typeof memberPath>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MemberView> {
    const { version, member } = await this.readMember.read(caller, id);
    void reply.header('etag', etagOf(version));
    return member;
  }

  @Patch(':id')
  @HttpCode(204)
  @Operation({
    permission: 'members:write',
    operation: 'member.change-role',
    entity: { type: 'user', id: 'path.id' },
    effect: 'write',
    summary: 'Change the role of a member; If-Match prevents lost updates',
    answers: { 204: null },
    headers: ['ETag'],
    problems: ['not-found', 'conflict', 'forbidden', 'precondition-failed', 'step-up-required'],
  })
  async changeRole(
    @Caller() caller: Caller,
    @Param({ schema: memberPath }) { id }: z.infer<typeof memberPath>,
    @Body({ schema: roleChange }) body: z.infer<typeof roleChange>,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Headers('if-match') ifMatch?: string,
  ): Promise<void> {
    const changed = await this.changeRoleOf.change(caller, { userId: id, role: body.role }, ifMatch);
    void reply.header('etag', etagOf(accepted(changed, organizationProblems).version));
  }

  @Delete(':id')
  @HttpCode(204)
  @Operation({
    permission: 'members:write',
    operation: 'member.remove',
    entity: { type: 'user', id: 'path.id' },
    effect: 'write',
    summary: 'Remove a member; the last owner cannot be removed',
    answers: { 204: null },
    problems: ['not-found', 'conflict', 'forbidden', 'precondition-failed', 'step-up-required'],
  })
  async remove(
    @Caller() caller: Caller,
    @Param({ schema: memberPath }) { id }: z.infer<typeof memberPath>,
    @Headers('if-match') ifMatch?: string,
  ): Promise<void> {
    accepted(await this.removeMember.remove(caller, id, ifMatch), organizationProblems);
  }
}
