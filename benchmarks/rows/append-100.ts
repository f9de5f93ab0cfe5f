import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { forSeconds, type Measured, type Row } from '../harness.ts';
import { DURABLE } from '../postgres.ts';
import { benchCatalog, envelope, organizationId, openStore, payload } from './event-store.ts';

const BYTES = 300;
const EVENTS = 100;

/** A hundred events a transaction beside the same rows in one raw, prepared `insert ... select unnest`. */
export const row: Row = {
  run: async ({ compete, afterwards, seconds }) => {
    const { store, workerUrl, close } = await openStore();
    afterwards(close);
    const pool = new pg.Pool({ connectionString: workerUrl, max: 16 });
    // The server may end a connection before the pool has.
    pool.on('error', () => undefined);
    afterwards(() => pool.end());
    const text = payload(BYTES);
    const events = Array.from({ length: EVENTS }, () => ({ type: 'benched', data: { text } }));
    for (const writers of [1, 16]) {
      await compete({
        variant: writers === 1 ? 'one writer' : `${writers} writers`,
        conditions: {
          concurrency: `${writers} in one process`,
          payload: `${EVENTS} x ${BYTES} B, a new stream each`,
          durability: DURABLE,
        },
        ours: async () =>
          events100(
            await forSeconds(seconds, writers, () =>
              store.append({
                organizationId,
                stream: `bench-${randomUUID()}`,
                expectedVersion: 0,
                catalog: benchCatalog,
                events,
                envelope,
              }),
            ),
          ),
        peers: [
          {
            name: 'raw unnest insert, prepared, same table and indexes',
            atLeast: 0.85,
            run: async () => events100(await forSeconds(seconds, writers, () => pool.query(rawInsert()))),
          },
        ],
      });
    }

    function rawInsert() {
      const metadata = JSON.stringify({ ...envelope, occurredAt: envelope.occurredAt.toISOString() });
      return {
        name: 'raw',
        text: `insert into event (organization_id, stream, version, type, schema_version, payload, metadata)
          select $1::uuid, $2, version, type, schema_version, payload, $7::jsonb
          from unnest($3::int[], $4::text[], $5::int[], $6::jsonb[]) as new (version, type, schema_version, payload)`,
        values: [
          organizationId,
          `bench-${randomUUID()}`,
          events.map((_, index) => index + 1),
          events.map(({ type }) => type),
          events.map(() => 1),
          events.map(({ data }) => JSON.stringify(data)),
          metadata,
        ],
      };
    }
  },
};

/** Transactions told as events. */
function events100({ perSecond, errors }: Measured): Measured {
  return { perSecond: perSecond * EVENTS, errors };
}
