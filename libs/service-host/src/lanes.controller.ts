import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import type { WireMessage } from '@vouchsafe/messaging';
import type { z } from 'zod';
import { laneAnswer, lanePath, laneQuery } from './lanes.js';
import { Operation } from './operation.js';

/** Reads a lane of this service's outbox: `readLane` of the event store, as wire messages. */
export type ReadLane = (lane: number, first: bigint, limit: number) => Promise<readonly WireMessage[]>;

/** Injection token of a `ReadLane`; a service that publishes facts provides it and lists `LanesController`. */
export const READ_LANE = Symbol('read lane');

/** Gives other services the facts of a lane that they miss. */
@Controller('internal/lanes')
export class LanesController {
  constructor(@Inject(READ_LANE) private readonly readLane: ReadLane) {}

  @Get(':lane')
  @Operation({
    permission: 'service',
    operation: 'lane.read',
    entity: { type: 'lane', id: 'path.lane' },
    effect: 'read',
    summary: 'The facts of one lane from a number on',
    answers: { 200: laneAnswer },
  })
  async read(
    @Param({ schema: lanePath }) { lane }: z.output<typeof lanePath>,
    @Query({ schema: laneQuery }) { from, limit }: z.output<typeof laneQuery>,
  ): Promise<z.output<typeof laneAnswer>> {
    const messages = await this.readLane(lane, BigInt(from), limit);
    return { messages: messages.map(({ key, headers, value }) => ({ key, headers: { ...headers }, value })) };
  }
}
