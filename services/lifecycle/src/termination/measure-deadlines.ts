/** @promise P31 a deadline that is missed is seen */
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { streamOf } from '@vouchsafe/event-store';
import { Clock, Metrics } from '@vouchsafe/service-host';
import { Gauge } from 'prom-client';
import { purgeAggregate } from '../purge/purge.aggregate.js';

/** An owner's email that has not gone out by then is late. */
const NOTICE_HOURS = 24;

/** A purge whose certificate is not issued, and has not come as far as `$3` by the time that its beginning names. */
const LATE_PURGES = (deadline: 'productionErasedBy' | 'backupsExpiredBy') => `
  select count(*)::int as late from certificate join event begun on begun.stream = $2 || certificate.erasure_id
  where certificate.note is null and begun.type = 'purge-begun' and (begun.payload ->> '${deadline}')::timestamptz < $1
    and not exists (select from event reached where reached.stream = begun.stream and reached.type = $3)`;

@Injectable()
export class MeasureDeadlines implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {}

  onApplicationBootstrap(): void {
    const stream = streamOf(purgeAggregate, '');
    this.count(
      'terminations_without_notice',
      `Organizations that ended more than ${NOTICE_HOURS} hours ago and whose owners no email has told`,
      'select count(*)::int as late from termination where untold_since < $1',
      (now) => [new Date(now.getTime() - NOTICE_HOURS * 3_600_000)],
    );
    this.count(
      'purges_late',
      'Purges whose deadline has passed while production holds data; a legal hold may be the reason',
      LATE_PURGES('productionErasedBy'),
      (now) => [now, stream, 'production-erased'],
    );
    this.count(
      'certificates_late',
      'Purges whose last deadline has passed while no certificate is issued: backups have not expired, or their records are not complete',
      LATE_PURGES('backupsExpiredBy'),
      (now) => [now, stream, 'deletion-certified'],
    );
  }

  private count(name: string, help: string, sql: string, valuesAt: (now: Date) => readonly unknown[]): void {
    const { database, clock } = this;
    new Gauge({
      ...{ name, help, registers: [this.metrics.registry] },
      async collect() {
        const [row] = await database
          .asWorker((worker) => worker.query<{ late: number }>(sql, valuesAt(clock.now())))
          .catch(() => []);
        // A count that cannot be read is NaN, never a reassuring zero.
        this.set(row?.late ?? Number.NaN);
      },
    });
  }
}
