import { Injectable } from '@nestjs/common';
import { prepared, type Sql } from '@vouchsafe/database';
import type { UserId } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { Clock } from '@vouchsafe/service-host';
import type { Secret } from '@vouchsafe/vault';
import { PasswordHasher } from './argon2.js';
import { isGoodAlone } from './password-rules.js';

export interface HashedPassword {
  readonly hash: string;
  /** Long enough without a second factor. */
  readonly goodAlone: boolean;
}

/** What is kept of passwords: the hash, and whether it may stand alone. */
@Injectable()
export class StoredPasswords {
  constructor(
    private readonly hasher: PasswordHasher,
    private readonly clock: Clock,
  ) {}

  /** Takes its time: outside of a transaction, which would hold a connection for as long. */
  async hash(password: Secret): Promise<HashedPassword> {
    return { hash: await this.hasher.hash(password), goodAlone: isGoodAlone(password) };
  }

  async store(unit: UnitOfWork, userId: UserId, { hash, goodAlone }: HashedPassword): Promise<void> {
    await unit.query(
      `insert into password (organization_id, user_id, hash, good_alone, changed_at) values ($1, $2, $3, $4, $5)
       on conflict (user_id) do update set
         hash = excluded.hash, good_alone = excluded.good_alone, changed_at = excluded.changed_at`,
      [unit.organizationId, userId, hash, goodAlone, this.clock.now()],
    );
  }
}

/** `null` where there is no account, or none with a password. */
export async function passwordHashOf(sql: Sql, userId: UserId | null): Promise<string | null> {
  const [row] = await sql.query<{ hash: string }>(prepared('select hash from password where user_id = $1'), [
    userId,
  ]);
  return row?.hash ?? null;
}
