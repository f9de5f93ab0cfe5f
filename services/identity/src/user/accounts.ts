import { instant, prepared, type Sql } from '@vouchsafe/database';
import type { UserId } from '@vouchsafe/event-sourcing';
import { plainLine, problem } from '@vouchsafe/service-host';
import type { Vault } from '@vouchsafe/vault';
import { openCells } from '../persistence/sealed-column.js';
import type { Role } from '../permission/role.js';
import { accountCell } from './user.projection.js';

/** A person's name as it comes in. */
export const personName = plainLine(200);

export interface Account {
  readonly userId: UserId;
  /** `null` once the person's data is erased (P10). */
  readonly email: string | null;
  readonly name: string | null;
  readonly role: Role;
  readonly emailVerified: boolean;
  readonly secondFactor: boolean;
  readonly joinedAt: Date;
}

interface AccountRow {
  readonly organization_id: string;
  readonly user_id: UserId;
  readonly role: Role;
  readonly email_sealed: string | null;
  readonly name_sealed: string | null;
  readonly email_verified_at: string | null;
  readonly joined_at: string;
  readonly second_factor: boolean;
}

/** Members with their names, in the order of joining. `where` is this code's own text; values are bound. */
export async function readAccounts(
  vault: Vault,
  sql: Sql,
  where: string,
  values: readonly unknown[],
): Promise<Account[]> {
  const rows = await sql.query<AccountRow>(
    prepared(`select m.organization_id, m.user_id, m.role, m.joined_at, a.email_sealed, a.name_sealed, a.email_verified_at,
       exists (select from authenticator t where t.user_id = m.user_id and t.enrolled_at is not null) as second_factor
     from member m join account a on a.user_id = m.user_id
     ${where}`),
    values,
  );
  const opened = await openCells(
    vault,
    sql,
    rows.flatMap((row) => {
      const cell = accountCell(row.organization_id, row.user_id);
      return [
        { ...cell('email_sealed'), stored: row.email_sealed },
        { ...cell('name_sealed'), stored: row.name_sealed },
      ];
    }),
  );
  return rows.map((row, index) => ({
    userId: row.user_id,
    email: opened[2 * index] ?? null,
    name: opened[2 * index + 1] ?? null,
    role: row.role,
    emailVerified: row.email_verified_at !== null,
    secondFactor: row.second_factor,
    joinedAt: instant(row.joined_at),
  }));
}

export async function readAccount(vault: Vault, sql: Sql, userId: string): Promise<Account> {
  const [found] = await readAccounts(vault, sql, 'where m.user_id = $1', [userId]);
  if (!found) throw problem('not-found');
  return found;
}
