import { Injectable } from '@nestjs/common';
import { Database, prepared } from '@vouchsafe/database';
import { timeOf } from '../stripe/written.js';
import type { Observation } from '../observation/observation.js';
import type { ObjectId, StripeEvent } from '../webhook/webhook-event.js';

/** The events of one account: all of ours. With connected accounts it would be theirs. */
const OUR_ACCOUNT = 'own';

/** Events that one statement takes. */
const MOST_AT_ONCE = 256;
/** Milliseconds for a statement that answers neither yes nor no: others must not wait for it. Stripe sends again what is not answered. */
const HANGING_MS = 10_000;

/**
 * Notes events and requests a read of their objects, in one statement. The objects' rows come first, in the order of their ids: they put
 * those that arrive at once in order, so that an event's number is never ahead of one that is committed later. An object that is due, and
 * that nobody holds, is left alone: whoever claims it asks Stripe after this.
 */
const addEvents = prepared(`
  with new as (
    select distinct on (event_id) *
    from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[]) with ordinality
      as come (event_id, type, object_id, object_type, api_version, created_at, source, nth)
    where not exists (select from inbox where account = $1 and inbox.event_id = come.event_id)
    order by event_id, nth),
  due as (
    select object_id, requested from stripe_object
    where object_id in (select object_id from new) and due_at <= clock_timestamp() and leased_until is null),
  requested as (
    insert into stripe_object as known (object_id, object_type, source, event_id, requested, due_at)
    select distinct on (object_id) object_id, object_type, source, event_id, 1, clock_timestamp()
    from new where object_id is not null and object_id not in (select object_id from due) order by object_id, nth desc
    on conflict (object_id) do update set requested = known.requested + 1, source = excluded.source, event_id = excluded.event_id,
      due_at = least(known.due_at, excluded.due_at)
    returning object_id, requested)
  insert into inbox (account, event_id, type, object_id, api_version, created_at, received_at, source, request)
  select $1, event_id, type, object_id, api_version, created_at, clock_timestamp(), source, looks.requested
  from new left join (select * from requested union all select * from due) as looks using (object_id)
  on conflict do nothing
  returning event_id`);

/** As the columns are: event, type, object, its type, version, time, source. */
type Row = readonly [string, string, string | null, string | null, string | null, string, string];

interface Waiting {
  readonly row: Row;
  readonly resolve: (isNew: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Every event that Stripe sent, once: which one, and about what. Its content is not kept; Stripe has it. */
@Injectable()
export class Inbox {
  private readonly waiting: Waiting[] = [];
  private isWriting = false;

  constructor(private readonly database: Database) {}

  /** @returns whether it is new */
  add(event: StripeEvent, object: ObjectId | null, source: Observation['source']): Promise<boolean> {
    const created = timeOf(event.created);
    const about = [object?.id ?? null, object?.type ?? null] as const;
    const row: Row = [event.id, event.type, ...about, event.api_version, created, source];
    return new Promise((resolve, reject) => {
      this.waiting.push({ row, resolve, reject });
      void this.write();
    });
  }

  /** What comes while one statement is on its way travels together in the next: a commit each, and a lock of its own, would cost more. */
  private async write(): Promise<void> {
    if (this.isWriting) return;
    this.isWriting = true;
    for (
      let some = this.waiting.splice(0, MOST_AT_ONCE);
      some.length > 0;
      some = this.waiting.splice(0, MOST_AT_ONCE)
    ) {
      try {
        const added = await within(HANGING_MS, this.addAll(some.map(({ row }) => row)));
        // The first of those that came several times in it.
        for (const { row, resolve } of some) resolve(added.delete(row[0]));
      } catch (error) {
        for (const { reject } of some) reject(error);
      }
    }
    this.isWriting = false;
  }

  private async addAll(rows: readonly Row[]): Promise<Set<string>> {
    const columns = ([0, 1, 2, 3, 4, 5, 6] as const).map((nth) => rows.map((row) => row[nth]));
    const added = await this.database.statement<{ event_id: string }>('worker', addEvents, [
      OUR_ACCOUNT,
      ...columns,
    ]);
    return new Set(added.map(({ event_id: id }) => id));
  }

  /** Forgets events older than `days` whose object was read since. Stripe lists events for 30 days, so none comes again after that. */
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

async function within<Result>(milliseconds: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('The database does not answer')), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
