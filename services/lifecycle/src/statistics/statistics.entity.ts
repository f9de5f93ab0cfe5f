import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import type { Figures } from './publication.js';

/** What was published of each month; never changed. */
export const StatisticsRow = defineEntity({
  name: 'Statistics',
  tableName: 'statistics',
  properties: {
    month: p.text().primary(),
    figures: p.json<Figures>(),
    publishedAt: p.string().columnType('timestamptz'),
  },
});
export type StatisticsRow = InferEntity<typeof StatisticsRow>;
