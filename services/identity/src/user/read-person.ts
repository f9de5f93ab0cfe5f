/** @promise P10 the account of a person, for the archive of their data: of a former member, too */
import { Injectable } from '@nestjs/common';
import { Database, instant } from '@vouchsafe/database';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { openCells } from '../persistence/sealed-column.js';
import { type Role, role } from '../permission/role.js';
import { accountCell } from './user.projection.js';

const time = z.iso.datetime();

export const accountOfPerson = z.strictObject({
  userId: z.uuid().describe('Id of the user'),
  email: z.string().nullable().describe('Email address'),
  name: z.string().nullable().describe('Name of the person'),
  registeredAt: time.describe('When the account was made'),
  emailVerifiedAt: time.nullable().describe('When the address was confirmed; null where it was not'),
  role: role.nullable().describe('Role in the organization; null for a former member'),
  joinedAt: time.nullable().describe('When the person became a member; null for a former member'),
});

interface Row {
  readonly email_sealed: string | null;
  readonly name_sealed: string | null;
  readonly registered_at: string;
  readonly email_verified_at: string | null;
  readonly role: Role | null;
  readonly joined_at: string | null;
}

@Injectable()
export class ReadPerson {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
  ) {}

  /** One row, or none where the account is gone. */
  account(organizationId: string, userId: string): Promise<z.infer<typeof accountOfPerson>[]> {
    return this.database.forOrganization(organizationId, async (sql) => {
      const rows = await sql.query<Row>(
        `select a.email_sealed, a.name_sealed, a.registered_at, a.email_verified_at, m.role, m.joined_at
         from account a left join member m on m.user_id = a.user_id where a.user_id = $1`,
        [userId],
      );
      const cell = accountCell(organizationId, userId);
      const opened = await openCells(
        this.vault,
        sql,
        rows.flatMap((row) => [
          { ...cell('email_sealed'), stored: row.email_sealed },
          { ...cell('name_sealed'), stored: row.name_sealed },
        ]),
      );
      return rows.map((row) => ({
        ...{ userId, email: opened[0] ?? null, name: opened[1] ?? null, role: row.role },
        registeredAt: instant(row.registered_at).toISOString(),
        emailVerifiedAt: timeOrNull(row.email_verified_at),
        joinedAt: timeOrNull(row.joined_at),
      }));
    });
  }
}

function timeOrNull(text: string | null): string | null {
  return text === null ? null : instant(text).toISOString();
}
