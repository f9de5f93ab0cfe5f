import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Patch,
  Query,
  Res,
} from '@nestjs/common';
import { userId } from '@vouchsafe/event-sourcing';
import {
  Caller,
  cursorOf,
  etagOf,
  Operation,
  page,
  pageOf,
  pageQuery,
  type PageQuery,
} from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { IDENTITY, type Identity } from '../identity.js';
import { organizationVersion } from '../organization/change-organization.js';
import { role } from '../permission/role.js';
import { envelopeOf, organizationOf } from '../request.js';
import { type Account, readAccount, readAccounts } from '../user/accounts.js';
import { changeRole, removeMember } from './members.js';

const member = z
  .strictObject({
    userId: z.uuid(),
    email: z.string().nullable(),
    name: z.string().nullable(),
    role,
    secondFactor: z.boolean(),
    joinedAt: z.iso.datetime(),
  })
  .meta({ id: 'Member' });
const members = pageOf(member);
const memberPath = z.strictObject({ id: userId });
const roleChange = z.strictObject({ role }).meta({ examples: [{ role: 'member' }] });
const cursor = cursorOf(z.strictObject({ joinedAt: z.iso.datetime(), userId: z.uuid() }));

@Controller('v1/members')
export class MemberController {
  constructor(@Inject(IDENTITY) private readonly identity: Identity) {}

  @Get()
  @Operation({
    permission: 'members:read',
    operation: 'member.list',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'The members, in the order of joining',
    answers: { 200: members },
  })
  list(
    @Caller() caller: Caller,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<z.infer<typeof members>> {
    const after = cursor.read(query.cursor);
    return this.identity.database.forOrganization(organizationOf(caller), async (sql) => {
      const accounts = await readAccounts(
        this.identity,
        sql,
        `where $1::timestamptz is null or (m.joined_at, m.user_id) > ($1, $2::uuid)
         order by m.joined_at, m.user_id limit $3`,
        [after?.joinedAt ?? null, after?.userId ?? null, query.limit + 1],
      );
      const { items, next } = page(
        accounts,
        query.limit,
        (last) => ({ joinedAt: last.joinedAt.toISOString(), userId: last.userId }),
        cursor.write,
      );
      return { items: items.map(shown), next };
    });
  }

  @Get(':id')
  @Operation({
    permission: 'members:read',
    operation: 'member.read',
    entity: { type: 'user', id: 'path.id' },
    effect: 'read',
    summary: 'A member',
    answers: { 200: member },
    headers: ['ETag'],
    problems: ['not-found'],
  })
  read(
    @Caller() caller: Caller,
    @Param({ schema: memberPath }) { id }: z.infer<typeof memberPath>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof member>> {
    const envelope = envelopeOf(this.identity, caller);
    return this.identity.store.transact(organizationOf(caller), envelope, async (unit) => {
      // In this order: a version that is older than what is shown is refused at worst.
      const [version, account] = await Promise.all([
        organizationVersion(this.identity, unit),
        readAccount(this.identity, unit, id),
      ]);
      void reply.header('etag', etagOf(version));
      return shown(account);
    });
  }

  @Patch(':id')
  @HttpCode(204)
  @Operation({
    permission: 'members:write',
    operation: 'member.change-role',
    entity: { type: 'user', id: 'path.id' },
    effect: 'write',
    summary: 'Give a member another role; If-Match guards against a change in between',
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
    const version = await changeRole(this.identity, caller, id, body.role, ifMatch);
    void reply.header('etag', etagOf(version));
  }

  @Delete(':id')
  @HttpCode(204)
  @Operation({
    permission: 'members:write',
    operation: 'member.remove',
    entity: { type: 'user', id: 'path.id' },
    effect: 'write',
    summary: 'Remove a member; not the last owner',
    answers: { 204: null },
    problems: ['not-found', 'conflict', 'forbidden', 'precondition-failed', 'step-up-required'],
  })
  async remove(
    @Caller() caller: Caller,
    @Param({ schema: memberPath }) { id }: z.infer<typeof memberPath>,
    @Headers('if-match') ifMatch?: string,
  ): Promise<void> {
    await removeMember(this.identity, caller, id, ifMatch);
  }
}

function shown({
  userId: id,
  email,
  name,
  role: held,
  secondFactor,
  joinedAt,
}: Account): z.infer<typeof member> {
  return { userId: id, email, name, role: held, secondFactor, joinedAt: joinedAt.toISOString() };
}
