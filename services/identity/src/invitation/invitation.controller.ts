import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  Res,
} from '@nestjs/common';
import { instant } from '@vouchsafe/database';
import {
  Caller,
  cursorOf,
  Operation,
  page,
  pageOf,
  pageQuery,
  type PageQuery,
  tellWhose,
} from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { IDENTITY, type Identity } from '../identity.js';
import { openCells } from '../persistence/sealed-column.js';
import { type Role, role } from '../permission/role.js';
import { organizationOf } from '../request.js';
import { signUpAnswer, type SignUpAnswer } from '../sign-up/sign-up.js';
import { invitationCell } from './invitation.projection.js';
import {
  acceptedInvitation,
  acceptInvitation,
  type CreatedInvitation,
  invite,
  newInvitation,
  revokeInvitation,
} from './invitations.js';

const created = z.strictObject({ invitationId: z.uuid(), expiresAt: z.iso.datetime() });
const invitations = pageOf(
  z
    .strictObject({
      invitationId: z.uuid(),
      email: z.string().nullable(),
      role,
      status: z.enum(['open', 'accepted', 'revoked', 'expired']),
      createdAt: z.iso.datetime(),
      expiresAt: z.iso.datetime(),
    })
    .meta({ id: 'Invitation' }),
);
const path = z.strictObject({ id: z.uuid() });
const cursor = cursorOf(z.strictObject({ createdAt: z.iso.datetime(), invitationId: z.uuid() }));

@Controller('v1/invitations')
export class InvitationController {
  constructor(@Inject(IDENTITY) private readonly identity: Identity) {}

  @Get()
  @Operation({
    permission: 'members:read',
    operation: 'invitation.list',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'Invitations, oldest first',
    answers: { 200: invitations },
  })
  list(
    @Caller() caller: Caller,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<z.infer<typeof invitations>> {
    const organizationId = organizationOf(caller);
    const after = cursor.read(query.cursor);
    return this.identity.database.forOrganization(organizationId, async (sql) => {
      const rows = await sql.query<{
        invitation_id: string;
        email_sealed: string | null;
        role: Role;
        status: 'open' | 'accepted' | 'revoked';
        created_at: string;
        expires_at: string;
      }>(
        `select * from invitation
         where $1::timestamptz is null or (created_at, invitation_id) > ($1, $2::uuid)
         order by created_at, invitation_id limit $3`,
        [after?.createdAt ?? null, after?.invitationId ?? null, query.limit + 1],
      );
      const emails = await openCells(
        this.identity.vault,
        sql,
        rows.map((row) => ({
          ...invitationCell(organizationId, row.invitation_id),
          stored: row.email_sealed,
        })),
      );
      const now = this.identity.now();
      const listed = rows.map((row, index) => {
        const expiresAt = instant(row.expires_at);
        return {
          invitationId: row.invitation_id,
          email: emails[index] ?? null,
          role: row.role,
          status: row.status === 'open' && expiresAt <= now ? ('expired' as const) : row.status,
          createdAt: instant(row.created_at).toISOString(),
          expiresAt: expiresAt.toISOString(),
        };
      });
      return page(
        listed,
        query.limit,
        ({ createdAt, invitationId }) => ({ createdAt, invitationId }),
        cursor.write,
      );
    });
  }

  @Post()
  @Operation({
    permission: 'invitations:write',
    operation: 'invitation.create',
    entity: { type: 'invitation', id: 'response.invitationId' },
    effect: 'write',
    summary: 'Invite somebody, by a letter with a link',
    answers: { 201: created },
    problems: ['forbidden', 'step-up-required', 'too-many-requests'],
    idempotent: true,
  })
  create(
    @Caller() caller: Caller,
    @Body({ schema: newInvitation }) body: z.output<typeof newInvitation>,
    @Headers('idempotency-key') key?: string,
  ): Promise<CreatedInvitation> {
    return invite(this.identity, caller, body, key);
  }

  @Post('acceptance')
  @Operation({
    permission: 'public',
    operation: 'invitation.accept',
    entity: { type: 'user', id: 'response.userId' },
    effect: 'write',
    summary: "Join by the token of the letter's link",
    description:
      'The email links to `/accept-invitation#token=...` of the frontend, at the address that VOUCHSAFE_PUBLIC_URL names. The page sends ' +
      'what follows `#token=` here, as `token`.',
    answers: { 201: signUpAnswer },
    problems: ['gone', 'rejected'],
    idempotent: true,
  })
  async accept(
    @Caller() caller: Caller,
    @Body({ schema: acceptedInvitation }) body: z.output<typeof acceptedInvitation>,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Headers('idempotency-key') key?: string,
  ): Promise<SignUpAnswer> {
    const answer = await acceptInvitation(this.identity, caller, body, key);
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
    await revokeInvitation(this.identity, caller, id);
  }
}
