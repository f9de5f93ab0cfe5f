import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { type Caller, cursorOf, organizationOf, page, pageOf, type PageQuery } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { role } from '../permission/role.js';
import { type Account, readAccounts } from '../user/accounts.js';

export const memberView = z
  .strictObject({
    userId: z.uuid().describe('Id of the user'),
    email: z.string().nullable().describe('Email address; null where it is erased'),
    name: z.string().nullable().describe('Name of the person; null where it is erased'),
    role: role.describe('Role of the member, which decides what it may do'),
    secondFactor: z.boolean().describe('Whether a second factor is enrolled'),
    joinedAt: z.iso.datetime().describe('When the user became a member'),
  })
  .meta({ id: 'Member' });
export type MemberView = z.infer<typeof memberView>;
export const memberPage = pageOf(memberView);
const cursor = cursorOf({ joinedAt: 'time', userId: 'id' });

@Injectable()
export class ListMembers {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
  ) {}

  /** In the order of joining. */
  list(caller: Caller, query: PageQuery): Promise<z.infer<typeof memberPage>> {
    const after = cursor.read(query.cursor);
    return this.database.forOrganization(organizationOf(caller), async (sql) => {
      const accounts = await readAccounts(
        this.vault,
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
      return { items: items.map(viewOf), next };
    });
  }
}

export function viewOf({ userId, email, name, role: held, secondFactor, joinedAt }: Account): MemberView {
  return { userId, email, name, role: held, secondFactor, joinedAt: joinedAt.toISOString() };
}
