/** @promise P31 what comes of an organization after its data was deleted has no effect, and is counted */
import { prepared, type Sql } from '@vouchsafe/database';
import { refusedAmong } from '@vouchsafe/vault';
import type { ArrivedFact } from '../cloud-events.js';

/** Leaves out the facts of organizations that are erased, or being erased; each is counted by its type. */
export async function withoutErased<Fact extends ArrivedFact>(
  sql: Sql,
  facts: readonly Fact[],
): Promise<readonly Fact[]> {
  if (facts.length === 0) return facts;
  const erased = await refusedAmong(sql, [...new Set(facts.map(({ organizationId }) => organizationId))]);
  if (erased.size === 0) return facts;
  const late = facts.filter(({ organizationId }) => erased.has(organizationId));
  await sql.query(
    prepared(`insert into late_fact (organization_id, type, facts, last_at)
     select organization_id, type, count(*), clock_timestamp()
     from unnest($1::uuid[], $2::text[]) as late (organization_id, type) group by 1, 2
     on conflict (organization_id, type) do update
     set facts = late_fact.facts + excluded.facts, last_at = excluded.last_at`),
    [late.map(({ organizationId }) => organizationId), late.map(({ type }) => type)],
  );
  return facts.filter(({ organizationId }) => !erased.has(organizationId));
}
