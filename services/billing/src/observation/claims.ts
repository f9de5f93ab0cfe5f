import { Injectable } from '@nestjs/common';
import { Database, prepared, type Sql } from '@vouchsafe/database';
import type { Observation } from './observation.js';
import type { ObjectId, ObservedType } from '../webhook/webhook-event.js';

/** An object that only this worker may read and record until its lease ends. */
export interface Claim extends ObjectId {
  /** Grows with each claim: an earlier holder that comes late records nothing. */
  readonly lease: string;
  /** Number of reads requested when it was claimed. */
  readonly requested: string;
  readonly attempts: number;
  readonly source: Observation['source'];
  readonly eventId: string | null;
}

/** A holder that says nothing for so long has died. Longer than a question to Stripe with its repetitions takes. */
const LEASE_SECONDS = 90;

const claimNext = prepared(`
  update stripe_object set lease = lease + 1, attempts = attempts + 1,
    leased_until = clock_timestamp() + make_interval(secs => $1)
  where object_id = (
    select object_id from stripe_object
    where due_at <= clock_timestamp() and (leased_until is null or leased_until < clock_timestamp())
    order by attempts > 0, due_at for update skip locked limit 1)
  returning object_id, object_type, lease, requested, attempts, source, event_id`);

/**
 * Stripe objects that must be read. Leases and due times are the database's, so a wrong clock of one machine neither delays nor
 * doubles a read.
 */
@Injectable()
export class Claims {
  constructor(private readonly database: Database) {}

  /** Of the objects that nobody holds, the one that has waited longest; those that have failed come after all others. */
  async next(): Promise<Claim | undefined> {
    const [row] = await this.database.statement<ClaimRow>('worker', claimNext, [LEASE_SECONDS]);
    return row && claimOf(row);
  }

  /** Requests a read, whether or not Stripe sends an event. */
  async request({ type, id }: ObjectId, source: Observation['source']): Promise<void> {
    await this.database.asWorker((sql) =>
      sql.query(
        `insert into stripe_object as known (object_id, object_type, source, requested, due_at)
         values ($1, $2, $3, 1, clock_timestamp())
         on conflict (object_id) do update set requested = known.requested + 1, source = excluded.source, event_id = null,
           due_at = least(known.due_at, excluded.due_at)`,
        [id, type, source],
      ),
    );
  }

  /**
   * The read is done; if another was requested meanwhile, it is due again. The last statement of a transaction: webhooks wait for
   * the row as long as it is locked.
   * @returns whether the claim is still held: what was recorded under one that is not must not be committed
   */
  async done(
    sql: Sql,
    { id, lease, requested }: Claim,
    { organizationId, contentHash }: { readonly organizationId: string; readonly contentHash: string },
  ): Promise<boolean> {
    const rows = await sql.query(
      `update stripe_object set observed = $3, attempts = 0, error = null, leased_until = null,
         organization_id = $4, content_hash = $5,
         due_at = case when requested > $3::bigint then clock_timestamp() end
       where object_id = $1 and lease = $2
       returning 1 as done`,
      [id, lease, requested, organizationId, contentHash],
    );
    return rows.length > 0;
  }

  /** The object is nobody's of ours, or not any more: nothing is kept of it, unless another read was requested meanwhile. */
  async forget({ id, lease, requested }: Claim): Promise<void> {
    await this.database.asWorker(async (sql) => {
      const [again] = await sql.query(
        `update stripe_object set observed = $3, attempts = 0, error = null, leased_until = null, due_at = clock_timestamp()
         where object_id = $1 and lease = $2 and requested > $3::bigint
         returning 1 as again`,
        [id, lease, requested],
      );
      if (again) return;
      const [held] = await sql.query(
        'select 1 as held from stripe_object where object_id = $1 and lease = $2 for update',
        [id, lease],
      );
      if (held) await forgetObjects(sql, [id]);
    });
  }

  /**
   * Tries again later.
   * @param error one word of ours, never Stripe's: that may repeat what was sent
   * @param isObjects whether the object itself is the cause: attempts while Stripe is unavailable do not count
   */
  async failed(
    { id, lease }: Claim,
    error: string,
    { seconds, isObjects }: { readonly seconds: number; readonly isObjects: boolean },
  ): Promise<void> {
    await this.database.asWorker((sql) =>
      sql.query(
        `update stripe_object set error = $3, leased_until = null, due_at = clock_timestamp() + make_interval(secs => $4),
           attempts = attempts - case when $5 then 0 else 1 end
         where object_id = $1 and lease = $2`,
        [id, lease, error, seconds, isObjects],
      ),
    );
  }

  /** For metrics: how many wait, for how long at most, and how many fail again and again. */
  async waiting(): Promise<{ readonly waiting: number; readonly seconds: number; readonly failing: number }> {
    const [row] = await this.database.asWorker((sql) =>
      sql.query<{ waiting: number; seconds: number; failing: number }>(
        `select count(*)::int as waiting,
           coalesce(max(extract(epoch from clock_timestamp() - due_at)), 0)::float8 as seconds,
           count(*) filter (where attempts >= $1)::int as failing
         from stripe_object where due_at is not null`,
        [FAILING_AFTER],
      ),
    );
    return row ?? { waiting: 0, seconds: 0, failing: 0 };
  }
}

/** Its events stay without it: what Stripe sends again is known. */
export async function forgetObjects(sql: Sql, objectIds: readonly string[]): Promise<void> {
  await sql.query('delete from stripe_object where object_id = any ($1::text[])', [objectIds]);
  await sql.query('update inbox set object_id = null, request = null where object_id = any ($1::text[])', [
    objectIds,
  ]);
}

/** Attempts after which an object counts as failing: somebody should investigate it. */
const FAILING_AFTER = 5;

interface ClaimRow {
  readonly object_id: string;
  readonly object_type: ObservedType;
  readonly lease: string;
  readonly requested: string;
  readonly attempts: number;
  readonly source: Observation['source'];
  readonly event_id: string | null;
}

function claimOf(row: ClaimRow): Claim {
  return {
    type: row.object_type,
    id: row.object_id,
    lease: row.lease,
    requested: row.requested,
    attempts: row.attempts,
    source: row.source,
    eventId: row.event_id,
  };
}
