import type { Database } from '@vouchsafe/database';
import { Gauge } from 'prom-client';
import type { Metrics } from '../metrics.js';

/** What legal holds stop, so that nobody forgets it. */
export function measureHeld({ registry }: Metrics, database: Database): void {
  new Gauge({
    name: 'erasures_stopped_by_holds',
    help: 'Erasures of people and organizations that legal holds stop in this service; they go on by themselves',
    registers: [registry],
    async collect() {
      const [row] = await database
        .asWorker((sql) =>
          sql.query<{ held: number }>(
            'select count(*)::int as held from erasure where held_by is not null and receipt_at is null',
          ),
        )
        .catch(() => []);
      // A count that cannot be read is NaN, never a reassuring zero.
      this.set(row?.held ?? Number.NaN);
    },
  });
}
