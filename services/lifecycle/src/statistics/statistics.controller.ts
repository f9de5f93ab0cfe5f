/** @promise P32 statistics that anybody may read, because they are about nobody */
import { Controller, Get, Header } from '@nestjs/common';
import { Operation } from '@vouchsafe/service-host';
import { ReadStatistics, statisticsView, type StatisticsView } from './read-statistics.js';

@Controller('v1/lifecycle/statistics')
export class StatisticsController {
  constructor(private readonly statistics: ReadStatistics) {}

  @Get()
  @Header('cache-control', 'public, max-age=3600')
  @Operation({
    permission: 'public',
    operation: 'statistics.read',
    entity: { type: 'statistics', id: null },
    effect: 'read',
    summary:
      'Anonymous statistics of the last 24 months, newest first: how many organizations, in groups of ten',
    answers: { 200: statisticsView },
  })
  read(): Promise<StatisticsView> {
    return this.statistics.read();
  }
}
