import { postgresFault, prepared, type Sql } from '@vouchsafe/database';
import type { OrganizationId, UserId } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { problem } from '@vouchsafe/service-host';
import type { Vault } from '@vouchsafe/vault';
import { openCell } from './persistence/sealed-column.js';
import { accountCell } from './user/user.projection.js';
import { storedNames } from './stored-names.js';

/** The keyed hash by which an account is found without the address being stored in clear; erasable, in no event. */
export function emailHash(vault: Vault, sql: Sql, email: string): Promise<Buffer> {
  return vault.keyedHash(sql, storedNames.emailAddress, email.toLowerCase());
}

export interface AccountReference {
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
}

/** The account that has claimed an address by verifying it. */
export async function accountByEmailHash(sql: Sql, hash: Buffer): Promise<AccountReference | null> {
  const [row] = await sql.query<{ organization_id: OrganizationId; user_id: UserId }>(
    prepared('select * from lookup.user_by_email($1)'),
    [hash],
  );
  return row ? { organizationId: row.organization_id, userId: row.user_id } : null;
}

/** The hash by which a person's address is found; `null` where they have claimed none. */
export async function claimedHashOf(sql: Sql, userId: string): Promise<Buffer | null> {
  const [row] = await sql.query<{ email_hash: Buffer }>(
    'select email_hash from email_address where user_id = $1',
    [userId],
  );
  return row?.email_hash ?? null;
}

/** @throws the problem `gone` where another account has verified the address meanwhile */
export async function claimEmail(unit: UnitOfWork, hash: Buffer, userId: UserId): Promise<void> {
  try {
    await unit.query('insert into email_address (organization_id, email_hash, user_id) values ($1, $2, $3)', [
      unit.organizationId,
      hash,
      userId,
    ]);
  } catch (error) {
    if (postgresFault(error)?.constraint === 'email_address_pkey') throw problem('gone', { cause: error });
    throw error;
  }
}

/** The address that emails go to; `null` once it is erased (P10). */
export async function addressOf(
  vault: Vault,
  sql: Sql,
  { organizationId, userId }: { readonly organizationId: string; readonly userId: string },
): Promise<string | null> {
  const [row] = await sql.query<{ email_sealed: string | null }>(
    'select email_sealed from account where user_id = $1',
    [userId],
  );
  const cell = accountCell(organizationId, userId)('email_sealed');
  return openCell(vault, sql, cell, row?.email_sealed ?? null);
}
