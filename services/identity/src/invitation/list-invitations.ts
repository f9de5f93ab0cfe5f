import { Injectable } from '@nestjs/common';
import { Database, instant } from '@vouchsafe/database';
import {
  type Caller,
  Clock,
  cursorOf,
  organizationOf,
  page,
  pageOf,
  type PageQuery,
} from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { openCells } from '../persistence/sealed-column.js';
import { type Role, role } from '../permission/role.js';
import { invitationCell } from './invitation.projection.js';

export const invitationView = z
  .strictObject({
    invitationId: z.uuid().describe('Id of the invitation'),
    email: z.string().nullable().describe('Email address that was invited; null where it is erased'),
    role: role.describe('Role that the person gets'),
    status: z
      .enum(['open', 'accepted', 'revoked', 'expired'])
      .describe('Only an open invitation can be accepted'),
    createdAt: z.iso.datetime().describe('When the person was invited'),
    expiresAt: z.iso.datetime().describe('Until when it can be accepted'),
  })
  .meta({ id: 'Invitation' });
export const invitationPage = pageOf(invitationView);
const cursor = cursorOf({ createdAt: 'time', invitationId: 'id' });

interface Row {
  readonly invitation_id: string;
  readonly email_sealed: string | null;
  readonly role: Role;
  readonly status: 'open' | 'accepted' | 'revoked';
  readonly created_at: string;
  readonly expires_at: string;
}

@Injectable()
export class ListInvitations {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly clock: Clock,
  ) {}

  /** Oldest first; of all, or of those that `ids` names. */
  list(caller: Caller, query: PageQuery, ids?: readonly string[]): Promise<z.infer<typeof invitationPage>> {
    const organizationId = organizationOf(caller);
    const after = cursor.read(query.cursor);
    return this.database.forOrganization(organizationId, async (sql) => {
      const rows = await sql.query<Row>(
        `select * from invitation
         where ($1::timestamptz is null or (created_at, invitation_id) > ($1, $2::uuid))
           and ($4::uuid[] is null or invitation_id = any ($4))
         order by created_at, invitation_id limit $3`,
        [after?.createdAt ?? null, after?.invitationId ?? null, query.limit + 1, ids ?? null],
      );
      const cells = rows.map((row) => ({
        ...invitationCell(organizationId, row.invitation_id),
        stored: row.email_sealed,
      }));
      const emails = await openCells(this.vault, sql, cells);
      const now = this.clock.now();
      return page(
        rows.map((row, index) => shown(row, emails[index] ?? null, now)),
        query.limit,
        ({ createdAt, invitationId }) => ({ createdAt, invitationId }),
        cursor.write,
      );
    });
  }
}

function shown(row: Row, email: string | null, now: Date) {
  const expiresAt = instant(row.expires_at);
  return {
    invitationId: row.invitation_id,
    email,
    role: row.role,
    status: row.status === 'open' && expiresAt <= now ? ('expired' as const) : row.status,
    createdAt: instant(row.created_at).toISOString(),
    expiresAt: expiresAt.toISOString(),
  };
}
