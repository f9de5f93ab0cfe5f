import { z } from 'zod';
import type { WireMessage } from '@vouchsafe/messaging';
import type { InternalClient } from './internal-client.js';

/** Most facts of one answer. */
export const LANE_PAGE = 500;

export const laneQuery = z.strictObject({
  from: z.string().regex(/^[1-9][0-9]{0,18}$/),
  limit: z.coerce.number().int().min(1).max(LANE_PAGE).default(LANE_PAGE),
});
export const lanePath = z.strictObject({ lane: z.coerce.number().int().min(0).max(1023) });

export const laneAnswer = z.strictObject({
  messages: z.array(
    z.strictObject({
      key: z.string().nullable(),
      headers: z.record(z.string(), z.string()),
      value: z.string(),
    }),
  ),
});

/**
 * What a consumer asks when it finds a gap (event-core, 'numbered lanes'): `GET /internal/lanes/{lane}?from=<number>` of the
 * lane's source.
 * @param origins `http://host:port` of each source's internal door
 */
export function fetchMissingFrom(client: InternalClient, origins: Readonly<Record<string, string>>) {
  return async (
    source: string,
    lane: number,
    first: bigint,
    limit: number,
  ): Promise<readonly WireMessage[]> => {
    const origin = origins[source];
    if (origin === undefined) throw new Error(`No address of the source ${source}`);
    const { messages } = await client.ask({
      audience: source,
      origin,
      path: `/internal/lanes/${lane}?from=${first}&limit=${Math.min(limit, LANE_PAGE)}`,
      answer: laneAnswer,
      timeoutMs: 30_000,
    });
    return messages;
  };
}
