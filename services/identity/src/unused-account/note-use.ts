/** @promise P03 what counts as use of an account, to the day: a log-in, a request of a session, one by an API key that the person made, or what a data subject asks for */
import { prepared, type Sql } from '@vouchsafe/database';

/** Of a time, in UTC: `2026-11-30`. */
export function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

const used = 'last_used_on = $2, unused_warnings = 0, anonymized_from = null';

/** Everything about unused accounts starts anew. Only the first use of a day is written. */
const use = prepared(`update account set ${used} where user_id = $1 and last_used_on < $2`);

/** Before anything else is locked: whoever begins an erasure locks the account first, too. */
export async function noteUse(sql: Sql, userId: string, at: Date): Promise<void> {
  await sql.query(use, [userId, dayOf(at)]);
}

export async function noteUseOfKey(sql: Sql, apiKeyId: string, at: Date): Promise<void> {
  await sql.query(
    `update account set ${used}
     where user_id = (select created_by from api_key where api_key_id = $1) and last_used_on < $2`,
    [apiKeyId, dayOf(at)],
  );
}

/** Of people who could not use their accounts until now. */
export async function noteUseByAll(sql: Sql, organizationId: string, at: Date): Promise<void> {
  await sql.query(`update account set ${used} where organization_id = $1 and last_used_on < $2`, [
    organizationId,
    dayOf(at),
  ]);
}
