/** @promise P03 finds accounts that nobody has used for so long that something is due */
import { retentionPolicies } from '@vouchsafe/contracts';
import type { Sql } from '@vouchsafe/database';
import type { OrganizationId, UserId } from '@vouchsafe/event-sourcing';
import { streamOf } from '@vouchsafe/event-store';
import { erasureAggregate } from '../erasure/erasure.aggregate.js';

const { months } = retentionPolicies['unused-accounts'].period;

export interface DueAccount {
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  readonly organization: string;
  readonly lastUsedOn: string;
  /** The day on which it is to be anonymized, before a warning that is late puts it off. */
  readonly plannedFor: string;
  readonly isMember: boolean;
  readonly step: 'first' | 'second' | 'anonymize';
}

/**
 * A warning is due two months before the planned day, the next one a month before, and 60 and 30 days before where the months are shorter: so
 * both fit into the time that they leave. Postgres clamps months to their last day.
 *
 * Nothing is due of an address that nobody verified (it goes as an unverified sign-up), in an organization that has ended (all of it goes), of the
 * last owner, or where an erasure has begun.
 */
const due = (which: string) => `
  select a.organization_id, a.user_id, o.name, a.last_used_on::text, plan.planned_for::text, plan.left_over, m.user_id is not null as is_member
  from account a
  join organization o on o.organization_id = a.organization_id
  left join member m on m.user_id = a.user_id
  cross join lateral (
    select coalesce(a.anonymized_from, (a.last_used_on + make_interval(months => $2))::date) as planned_for,
      case when m.user_id is null then 0 else 2 - a.unused_warnings end as left_over
  ) plan
  where a.email_verified_at is not null and o.inactive_since is null
    -- For the index: no ten months are shorter.
    and a.last_used_on <= $1::date - 28 * ($2 - 2)
    and least(plan.planned_for - make_interval(months => plan.left_over), plan.planned_for - 30 * plan.left_over) <= $1::date
    and (m.role is distinct from 'owner' or exists (
      select from member other where other.organization_id = a.organization_id and other.role = 'owner' and other.user_id <> a.user_id))
    and not exists (select from event where stream = $3 || a.user_id)
    and ${which}`;

const steps = ['anonymize', 'second', 'first'] as const;

export async function readDueAccounts(
  sql: Sql,
  { today, after, limit }: { readonly today: string; readonly after: string; readonly limit: number },
): Promise<DueAccount[]> {
  return read(sql, `a.user_id > $4 order by a.user_id limit $5`, [today, after, limit]);
}

export async function readDueAccount(
  sql: Sql,
  { today, userId }: { readonly today: string; readonly userId: string },
): Promise<DueAccount | null> {
  const [account] = await read(sql, 'a.user_id = $4', [today, userId]);
  return account ?? null;
}

interface Row {
  readonly organization_id: OrganizationId;
  readonly user_id: UserId;
  readonly name: string;
  readonly last_used_on: string;
  readonly planned_for: string;
  readonly left_over: number;
  readonly is_member: boolean;
}

async function read(sql: Sql, which: string, [today, ...values]: readonly unknown[]): Promise<DueAccount[]> {
  const rows = await sql.query<Row>(due(which), [today, months, streamOf(erasureAggregate, ''), ...values]);
  return rows.map((row) => ({
    ...{ organizationId: row.organization_id, userId: row.user_id, organization: row.name },
    ...{ lastUsedOn: row.last_used_on, plannedFor: row.planned_for, isMember: row.is_member },
    step: steps[row.left_over] ?? 'anonymize',
  }));
}
