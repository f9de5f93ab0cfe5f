import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { isThere, LANES, type Publishing, readLane } from '@vouchsafe/event-store';
import { factMessage, type FetchMissing, removedMessage } from '@vouchsafe/messaging';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import type { InternalClient } from '../internal-client.js';
import { Operation } from '../operation.js';

/** Injection token of what the service publishes. */
export const PUBLISHING = Symbol('publishing');

const laneParameters = z.strictObject({
  lane: z.coerce
    .number()
    .int()
    .min(0)
    .max(LANES - 1),
});
const laneQuery = z.strictObject({
  from: z.string().regex(/^[1-9][0-9]{0,18}$/, 'must be a whole number from 1 on'),
  limit: z.coerce.number().int().min(1).max(1000).default(500),
});
const laneAnswer = z.strictObject({
  messages: z.array(
    z.strictObject({
      key: z.string().nullable(),
      headers: z.record(z.string(), z.string()),
      value: z.string(),
    }),
  ),
});

/** Where a consumer with a gap fetches what it misses, from the source's own store (docs/bus.md, 'Lanes'). */
@Controller('internal/lanes')
export class LanesController {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    @Inject(PUBLISHING) private readonly publishing: readonly Publishing[],
  ) {}

  @Get(':lane')
  @Operation({
    permission: 'service',
    operation: 'lane.read',
    entity: { type: 'lane', id: 'path.lane' },
    effect: 'read',
    summary: 'The facts of one lane, starting at a number',
    answers: { 200: laneAnswer },
  })
  async read(
    @Param({ schema: laneParameters }) { lane }: z.output<typeof laneParameters>,
    @Query({ schema: laneQuery }) { from, limit }: z.output<typeof laneQuery>,
  ): Promise<z.output<typeof laneAnswer>> {
    const { database, vault, publishing } = this;
    const messages = await readLane({ database, vault, publishing }, lane, BigInt(from), limit);
    return {
      messages: messages.map((fact) => {
        const { key, headers, value } = isThere(fact) ? factMessage(fact) : removedMessage(fact);
        return { key, headers, value };
      }),
    };
  }
}

/**
 * The consumer's side of `LanesController`.
 * @param origins `http://host:port` of each service whose facts are consumed
 */
export function fetchMissingFrom(
  client: InternalClient,
  origins: Readonly<Record<string, string>>,
): FetchMissing {
  return async (source, lane, first, limit) => {
    const origin = origins[source];
    if (!origin) throw new Error(`No URL is configured to fetch missing facts from ${source}`);
    const path = `/internal/lanes/${lane}?from=${first}&limit=${limit}`;
    const { messages } = await client.ask({
      audience: source,
      origin,
      path,
      answer: laneAnswer,
      timeoutMs: 30_000,
    });
    return messages;
  };
}
