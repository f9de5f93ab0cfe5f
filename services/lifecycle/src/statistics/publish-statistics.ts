/** @promise P32 publishes each month once, after its end */
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database, instant, type Transaction } from '@vouchsafe/database';
import { follow } from '@vouchsafe/event-store';
import { Background, Clock, LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
import { endOf, type Measure, monthOf, publicationOf } from './publication.js';
import { StatisticsRow } from './statistics.entity.js';

const POLL_MS = 1_000;

@Injectable()
export class PublishStatistics implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly background: Background,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error'>,
  ) {}

  onApplicationBootstrap(): void {
    const onError = (error: unknown) =>
      this.logger.error({ err: error }, 'Statistics could not be published; retrying');
    this.background.add(follow(() => this.step(), { idle: POLL_MS, retry: POLL_MS, onError }));
  }

  /** @returns how many months were published: the oldest that is over, or none */
  async step(): Promise<number> {
    const at = this.clock.now();
    const isOver = (month: string | undefined): month is string => month !== undefined && endOf(month) <= at;
    if (!isOver(await this.database.asWorker(nextMonth))) return 0;
    return this.database.asWorker(async (sql) => {
      // One instance at a time: nobody is counted in two groups.
      await sql.query(`select pg_advisory_xact_lock(hashtextextended('statistics', 0))`);
      const month = await nextMonth(sql);
      if (!isOver(month)) return 0;
      await publish(sql, month, at);
      return 1;
    });
  }
}

async function publish(sql: Transaction, month: string, at: Date): Promise<void> {
  const rows = await sql.query<{ measure: Measure; counted_as: string }>(
    `select measure, counted_as from uncounted_organization where noted_at < $1 order by noted_at, counted_as`,
    [endOf(month)],
  );
  const { figures, counted } = publicationOf(
    rows.map(({ measure, counted_as: countedAs }) => ({ measure, countedAs })),
  );
  await sql.query(
    `delete from uncounted_organization using unnest($1::text[], $2::uuid[]) as counted (measure, counted_as)
     where uncounted_organization.measure = counted.measure and uncounted_organization.counted_as = counted.counted_as`,
    [counted.map(({ measure }) => measure), counted.map(({ countedAs }) => countedAs)],
  );
  const entityManager = await sql.entityManager();
  entityManager.create(StatisticsRow, { month, figures, publishedAt: at.toISOString() });
}

/** Every month from the first in which something was noted on; undefined before it. */
async function nextMonth(sql: Transaction): Promise<string | undefined> {
  const [published] = await sql.query<{ last: string | null }>('select max(month) as last from statistics');
  if (typeof published?.last === 'string') return monthOf(endOf(published.last));
  const [noted] = await sql.query<{ first: string | null }>(
    'select min(noted_at) as first from uncounted_organization',
  );
  return typeof noted?.first === 'string' ? monthOf(instant(noted.first)) : undefined;
}
