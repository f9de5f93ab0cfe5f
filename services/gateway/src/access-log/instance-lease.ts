import type { Database } from '@vouchsafe/database';
import { follow } from '@vouchsafe/event-store';

export interface LeaseOptions {
  readonly database: Database;
  readonly instanceId: string;
  /** Milliseconds that the lease lasts; it is renewed four times in that. */
  readonly lasts: number;
  /** After each heartbeat, when some other instance's lease has ended. */
  readonly onDead: () => void;
  readonly onError: (error: unknown) => void;
}

export interface InstanceLease {
  /** Gives the lease back: nothing of this instance is open any more. */
  end(): Promise<void>;
}

/**
 * Says that this instance lives. Measured by the database's clock alone: it is the one clock that all instances share, and a
 * lease is a matter of machines, not of the domain (docs/event-store.md, 'Clocks').
 */
export async function startLease(options: LeaseOptions): Promise<InstanceLease> {
  const { database, instanceId, lasts, onDead, onError } = options;
  const beat = async (): Promise<void> => {
    const dead = await database.asWorker(async (sql) => {
      await sql.query(
        `insert into gateway_instance (id, lease_until, started_at)
         values ($1, clock_timestamp() + make_interval(secs => $2), clock_timestamp())
         on conflict (id) do update set lease_until = excluded.lease_until`,
        [instanceId, lasts / 1000],
      );
      return sql.query('select from gateway_instance where lease_until < clock_timestamp() limit 1');
    });
    if (dead.length > 0) onDead();
  };
  await beat();
  const pace = lasts / 4;
  const heart = follow(() => beat().then(() => 0), { idle: pace, retry: pace, onError });
  return {
    end: async () => {
      await heart.stop();
      await database.asWorker((sql) => sql.query('delete from gateway_instance where id = $1', [instanceId]));
    },
  };
}
