import { Injectable } from '@nestjs/common';
import { Database, instant } from '@vouchsafe/database';
import { z } from 'zod';
import { GROUP_SIZE, measures } from './publication.js';
import { StatisticsRow } from './statistics.entity.js';

const MOST_MONTHS = 24;

const figure = z.int().positive().nullable();

const figures = z.strictObject({
  joined: figure.describe('That signed up and confirmed their email address'),
  ended: figure.describe('Whose use ended, because their subscriptions did or an owner closed the account'),
  deleted: figure.describe('Whose data was deleted from production'),
  returned: figure.describe('Whose data was put into an archive for them'),
  asked: figure.describe('Of which data subjects asked something about their personal data'),
});

export const statisticsView = z
  .strictObject({
    groupSize: z
      .int()
      .describe(
        'Organizations are counted in groups of so many, in the month in which a group became full. So every figure, and every ' +
          'difference of figures, is a multiple of it',
      ),
    items: z.array(
      z.strictObject({
        month: z.string().describe('In UTC: `2027-01`'),
        publishedAt: z.iso.datetime().describe('After the end of the month; never changed afterwards'),
        organizations: figures.describe(
          'How many organizations were counted in the month; null where no group of them became full: they are counted later',
        ),
      }),
    ),
  })
  .meta({ id: 'Statistics' });
export type StatisticsView = z.infer<typeof statisticsView>;

@Injectable()
export class ReadStatistics {
  constructor(private readonly database: Database) {}

  read(): Promise<StatisticsView> {
    return this.database.asWorker(async (sql) => {
      const entityManager = await sql.entityManager();
      const rows = await entityManager.find(
        StatisticsRow,
        {},
        { orderBy: { month: 'desc' }, limit: MOST_MONTHS },
      );
      return {
        groupSize: GROUP_SIZE,
        items: rows.map((row) => ({
          ...{ month: row.month, publishedAt: instant(row.publishedAt).toISOString() },
          organizations: shown(row),
        })),
      };
    });
  }
}

/** A month that was published before a figure was there has none. */
function shown({ figures: published }: StatisticsRow): z.infer<typeof figures> {
  return Object.fromEntries(measures.map((measure) => [measure, published[measure] ?? null])) as z.infer<
    typeof figures
  >;
}
