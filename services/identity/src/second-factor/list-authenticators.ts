import { Injectable } from '@nestjs/common';
import { Database, instant, type Sql } from '@vouchsafe/database';
import type { Caller } from '@vouchsafe/service-host';
import { z } from 'zod';
import { principalOf } from '../request.js';
import { remainingRecoveryCodes } from './recovery-codes.js';

export const authenticatorView = z
  .strictObject({
    authenticatorId: z.uuid().describe('Id of the authenticator'),
    kind: z.enum(['totp']).describe('`totp`: an authenticator app (RFC 6238)'),
    enrolledAt: z.iso.datetime().describe('When it was enrolled'),
    lastUsedAt: z.iso.datetime().nullable().describe('Null when it was never used'),
  })
  .meta({ id: 'Authenticator' });
type AuthenticatorView = z.infer<typeof authenticatorView>;

export const authenticators = z.strictObject({
  items: z.array(authenticatorView),
  recoveryCodesLeft: z.int().describe('How many recovery codes are unused'),
});

@Injectable()
export class ListAuthenticators {
  constructor(private readonly database: Database) {}

  list(caller: Caller): Promise<z.infer<typeof authenticators>> {
    const { organizationId, userId } = principalOf(caller);
    return this.database.forOrganization(organizationId, async (sql) => ({
      items: await authenticatorsOf(sql, userId),
      recoveryCodesLeft: await remainingRecoveryCodes(sql, userId),
    }));
  }

  /** For the person's archive. */
  listOf(organizationId: string, userId: string): Promise<AuthenticatorView[]> {
    return this.database.forOrganization(organizationId, (sql) => authenticatorsOf(sql, userId));
  }
}

async function authenticatorsOf(sql: Sql, userId: string): Promise<AuthenticatorView[]> {
  const rows = await sql.query<{
    authenticator_id: string;
    kind: 'totp';
    enrolled_at: string;
    last_used_at: string | null;
  }>(
    `select authenticator_id, kind, enrolled_at, last_used_at from authenticator
     where user_id = $1 and enrolled_at is not null order by enrolled_at`,
    [userId],
  );
  return rows.map((row) => ({
    authenticatorId: row.authenticator_id,
    kind: row.kind,
    enrolledAt: instant(row.enrolled_at).toISOString(),
    lastUsedAt: row.last_used_at === null ? null : instant(row.last_used_at).toISOString(),
  }));
}
