import { Body, Controller, Delete, Get, HttpCode, Patch } from '@nestjs/common';
import { accepted, Caller, Operation } from '@vouchsafe/service-host';
import { z } from 'zod';
import { RemoveMember } from '../member/remove-member.js';
import { organizationProblems } from '../organization/organization.problems.js';
import { principalOf } from '../request.js';
import { personName } from './accounts.js';
import { me, ReadMe } from './read-me.js';
import { RenameUser } from './rename-user.js';
import { userProblems } from './user.problems.js';

const rename = z.strictObject({ name: personName }).meta({ examples: [{ name: 'Ada King' }] });

@Controller('v1/me')
export class MeController {
  constructor(
    private readonly readMe: ReadMe,
    private readonly renameUser: RenameUser,
    private readonly removeMember: RemoveMember,
  ) {}

  @Get()
  @Operation({
    permission: 'session',
    operation: 'me.read',
    entity: { type: 'user', id: 'caller.actorId' },
    effect: 'read',
    summary: 'Who the caller is, and what they may do',
    answers: { 200: me },
    keys: true,
  })
  read(@Caller() caller: Caller): Promise<z.infer<typeof me>> {
    return this.readMe.read(caller);
  }

  @Patch()
  @HttpCode(204)
  @Operation({
    permission: 'self',
    operation: 'me.rename',
    entity: { type: 'user', id: 'caller.actorId' },
    effect: 'write',
    summary: 'Change the name that others see',
    answers: { 204: null },
  })
  async rename(
    @Caller() caller: Caller,
    @Body({ schema: rename }) { name }: z.output<typeof rename>,
  ): Promise<void> {
    accepted(await this.renameUser.rename(caller, name), userProblems);
  }

  @Delete()
  @HttpCode(204)
  @Operation({
    permission: 'self',
    operation: 'me.leave',
    entity: { type: 'user', id: 'caller.actorId' },
    effect: 'write',
    summary: 'Leave the organization; the last owner cannot leave',
    answers: { 204: null },
    problems: ['conflict', 'step-up-required'],
  })
  async leave(@Caller() caller: Caller): Promise<void> {
    const { userId } = principalOf(caller);
    accepted(await this.removeMember.remove(caller, userId, undefined), organizationProblems);
  }
}
