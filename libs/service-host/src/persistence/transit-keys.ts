import { createSecretKey } from 'node:crypto';
import { Controller, Get, Query } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { follow, type Follower } from '@vouchsafe/event-store';
import type { FetchTransitKeys } from '@vouchsafe/messaging';
import { type TransitKey, Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import type { InternalClient } from '../internal-client.js';
import { Operation } from '../operation.js';
import { TOPICS_KEEP_MS } from './topics.js';

const DAY_MS = 24 * 3_600_000;

/** Ids of one question: what a path holds with room to spare. */
const IDS = 100;
/** Within the allowance of a receipt (`destruction.ts`): a key may be used once as it comes, whatever its time to be held. */
const TIMEOUT_MS = 3_000;

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const keysQuery = z.strictObject({
  ids: z
    .string()
    .regex(
      new RegExp(`^${uuid}(?:,${uuid}){0,${IDS - 1}}$`),
      `must be up to ${IDS} UUIDs, separated by commas`,
    ),
});
const keysAnswer = z.strictObject({
  keys: z.array(
    z.strictObject({
      id: z.uuid(),
      organizationId: z.uuid(),
      /** 32 bytes. */
      key: z.base64url().length(43),
    }),
  ),
  /** Milliseconds for which they may be held, from before the question. */
  held: z.int().nonnegative(),
});

/** Where a consumer gets the keys of the messages that this service has sealed on the bus (docs/bus.md, 'Messages'). */
@Controller('internal/transit-keys')
export class TransitKeysController {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
  ) {}

  @Get()
  @Operation({
    permission: 'service',
    operation: 'transit-key.read',
    entity: { type: 'transit-key', id: null },
    effect: 'read',
    summary: 'The keys of messages on the bus that have not been deleted',
    answers: { 200: keysAnswer },
  })
  async read(
    @Query({ schema: keysQuery }) { ids }: z.output<typeof keysQuery>,
  ): Promise<z.output<typeof keysAnswer>> {
    const { database, vault } = this;
    const found = await database.asWorker((sql) => vault.findTransitKeys(sql, ids.split(',')));
    return {
      keys: found.map(({ id, organizationId, key }) => ({
        id,
        organizationId,
        key: key.export().toString('base64url'),
      })),
      held: vault.heldMilliseconds,
    };
  }
}

/**
 * The consumer's side of `TransitKeysController`.
 * @param origins `http://host:port` of each service whose facts are consumed
 */
export function fetchTransitKeysFrom(
  client: InternalClient,
  origins: Readonly<Record<string, string>>,
): FetchTransitKeys {
  return async (source, ids) => {
    const origin = origins[source];
    if (!origin) throw new Error(`No URL is configured to fetch transit keys from ${source}`);
    const keys: TransitKey[] = [];
    let heldMilliseconds = Number.POSITIVE_INFINITY;
    for (let at = 0; at < ids.length; at += IDS) {
      const answer = await client.ask({
        audience: source,
        origin,
        path: `/internal/transit-keys?ids=${ids.slice(at, at + IDS).join(',')}`,
        answer: keysAnswer,
        timeoutMs: TIMEOUT_MS,
      });
      for (const { id, organizationId, key } of answer.keys)
        keys.push({ id, organizationId, key: createSecretKey(key, 'base64url') });
      heldMilliseconds = Math.min(heldMilliseconds, answer.held);
    }
    return { keys, heldMilliseconds };
  };
}

/** Deletes transit keys under which no topic keeps a message any more. */
export function keepTransitKeysYoung(options: {
  readonly database: Database;
  readonly vault: Vault;
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
}): Follower {
  const { database, vault, now, onError } = options;
  const step = async (): Promise<number> => {
    // A key seals until its day ends, and the last message under it lives as long from then as the topic keeps it.
    const day = new Date(now().getTime() - DAY_MS - TOPICS_KEEP_MS).toISOString().slice(0, 10);
    await database.asRetention((sql) => vault.deleteTransitKeysUpTo(sql, day));
    return 0;
  };
  return follow(step, { idle: 3_600_000, retry: 10_000, onError });
}
