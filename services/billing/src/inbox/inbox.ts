import { Injectable } from '@nestjs/common';
import { Database, prepared } from '@vouchsafe/database';
import type { Observation } from '../observation/observation.js';
import type { ObjectId, StripeEvent } from '../webhook/webhook-event.js';

/** The events of one account: all of ours. With connected accounts it would be theirs. */
const OUR_ACCOUNT = 'own';

/**
 * Notes the event and asks for a look at its object, in one statement. The object's row comes first: it puts those that arrive at once in
 * order, so that an event's number is never ahead of one that is committed later.
 */
const addEvent = prepared(`
  with requested as (
    insert into stripe_object as known (object_id, object_type, source, event_id, requested, due_at)
    select $4, $5, $8, $2, 1, clock_timestamp()
    where $4::text is not null and not exists (select from inbox where account = $1 and event_id = $2)
    on conflict (object_id) do update set requested = known.requested + 1, source = excluded.source, event_id = excluded.event_id,
      due_at = least(known.due_at, excluded.due_at)
    returning requested)
  insert into inbox (account, event_id, type, object_id, api_version, created_at, received_at, source, request)
  select $1, $2, $3, $4, $6, $7, clock_timestamp(), $8, (select requested from requested)
  on conflict do nothing
  returning 1 as is_new`);

/** Every event that Stripe sent, once: which one, and about what. Its content is not kept; Stripe has it. */
@Injectable()
export class Inbox {
  constructor(private readonly database: Database) {}

  /** @returns whether it is new */
  async add(event: StripeEvent, object: ObjectId | null, source: Observation['source']): Promise<boolean> {
    const rows = await this.database.statement('worker', addEvent, [
      OUR_ACCOUNT,
      event.id,
      event.type,
      object?.id ?? null,
      object?.type ?? null,
      event.api_version,
      new Date(event.created * 1000).toISOString(),
      source,
    ]);
    return rows.length > 0;
  }

  /** Forgets events older than `days` whose object was looked at since. Stripe lists events for 30 days, so none comes again after that. */
  async deleteOld(days: number): Promise<number> {
    return this.database.asWorker(async (sql) => {
      const rows = await sql.query(
        `delete from inbox using (
           select account, inbox.event_id from inbox left join stripe_object using (object_id)
           where received_at < clock_timestamp() - make_interval(days => $1) and (request is null or request <= observed)
           limit 1000) as old
         where inbox.account = old.account and inbox.event_id = old.event_id
         returning 1 as deleted`,
        [days],
      );
      return rows.length;
    });
  }
}
