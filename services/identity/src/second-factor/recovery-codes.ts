import { createHash, randomBytes } from 'node:crypto';
import { base32nopad } from '@scure/base';
import type { Sql } from '@vouchsafe/database';

/** How many are shown at once. */
const RECOVERY_CODES = 10;

/**
 * New codes for a person; the earlier ones are void. Each has 120 random bits, so a plain hash protects it
 * (ASVS 6.5.2). @returns the codes, to be shown once: `ABCDEF-GHIJKL-MNOPQR-STUVWX`
 */
export async function replaceRecoveryCodes(
  sql: Sql,
  { organizationId, userId }: { organizationId: string; userId: string },
): Promise<string[]> {
  const codes = Array.from({ length: RECOVERY_CODES }, () => printed(base32nopad.encode(randomBytes(15))));
  await sql.query('delete from recovery_code where user_id = $1', [userId]);
  await sql.query(
    'insert into recovery_code (organization_id, user_id, code_hash) select $1, $2, unnest($3::bytea[])',
    [organizationId, userId, codes.map(hashOf)],
  );
  return codes;
}

/** Takes a code: of any number of takers at once, one gets true (ASVS 6.5.1). */
export async function takeRecoveryCode(sql: Sql, userId: string, code: string, at: Date): Promise<boolean> {
  const taken = await sql.query(
    'update recovery_code set used_at = $3 where user_id = $1 and code_hash = $2 and used_at is null returning 1',
    [userId, hashOf(code), at],
  );
  return taken.length === 1;
}

export async function remainingRecoveryCodes(sql: Sql, userId: string): Promise<number> {
  const rows = await sql.query('select 1 from recovery_code where user_id = $1 and used_at is null', [
    userId,
  ]);
  return rows.length;
}

function printed(letters: string): string {
  return (letters.match(/.{6}/g) ?? []).join('-');
}

/** However it was typed: hyphens, spaces and case do not matter. */
function hashOf(code: string): Buffer {
  return createHash('sha256')
    .update(code.toUpperCase().replace(/[^A-Z2-7]/g, ''))
    .digest();
}
