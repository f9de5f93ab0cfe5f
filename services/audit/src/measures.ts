import { Database } from '@vouchsafe/database';
import type { Consumer } from '@vouchsafe/messaging';
import { Clock, type Metrics, type RunningService } from '@vouchsafe/service-host';
import { Gauge } from 'prom-client';

/** Audit's metrics for operators. A figure that cannot be read is NaN, never a reassuring zero. */
export function measure({ app, metrics }: RunningService, consumer: Consumer): void {
  const database = app.get(Database);
  const clock = app.get(Clock);
  gauge(metrics, 'audit_facts_behind', 'Messages on the bus that have not become entries yet', () =>
    Promise.resolve(consumer.lag().reduce((sum, { messages }) => sum + Number(messages), 0)),
  );
  gauge(metrics, 'audit_checkpoint_age_seconds', 'Age of the oldest entry that no checkpoint covers', () =>
    oldest(database, clock, 'select min(recorded_at) as since from log where size > checkpoint_size'),
  );
  gauge(metrics, 'audit_export_age_seconds', 'Age of the oldest export that is not ready', () =>
    oldest(database, clock, `select min(requested_at) as since from export where status = 'running'`),
  );
  gauge(
    metrics,
    'audit_retention_late_seconds',
    'How long entries of an organization have been due to be looked after',
    () => oldest(database, clock, 'select min(due_at) as since from retention'),
  );
}

async function oldest(database: Database, clock: Clock, statement: string): Promise<number> {
  const [row] = await database.asWorker((sql) =>
    sql.query<{ age: string | null }>(
      `select extract(epoch from $1::timestamptz - since) as age from (${statement}) as waiting`,
      [clock.now().toISOString()],
    ),
  );
  return row?.age == null ? 0 : Math.max(0, Number(row.age));
}

function gauge({ registry }: Metrics, name: string, help: string, read: () => Promise<number>): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      this.set(await read().catch(() => Number.NaN));
    },
  });
}
