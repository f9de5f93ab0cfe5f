import { randomUUID } from 'node:crypto';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import pg from 'pg';
import { forSeconds, type Row } from '../harness.ts';
import { DURABLE, pgbench } from '../postgres.ts';
import { benchCatalog, envelope, organizationId, openStore, payload } from './event-store.ts';

const BYTES = 300;

/** One event a transaction beside pgbench's prepared insert into the same table, and beside emmett's event store. */
export const row: Row = {
  run: async ({ compete, afterwards, seconds }) => {
    const { store, workerUrl, emptyDatabase, close } = await openStore();
    afterwards(close);
    const emmett = await openEmmett(await emptyDatabase('emmett'));
    afterwards(() => emmett.close());
    const data = payload(BYTES);
    for (const writers of [1, 16]) {
      await compete({
        variant: writers === 1 ? 'one writer' : `${writers} writers`,
        conditions: {
          concurrency: `${writers} in one process`,
          payload: `${BYTES} B, a new stream each`,
          durability: DURABLE,
        },
        ours: () =>
          forSeconds(seconds, writers, () =>
            store.append({
              organizationId,
              stream: `bench-${randomUUID()}`,
              expectedVersion: 0,
              catalog: benchCatalog,
              events: [{ type: 'benched', data: { text: data } }],
              envelope,
            }),
          ),
        peers: [
          {
            name: 'pgbench, prepared, same table and indexes',
            atLeast: 0.7,
            needs: ['pgbench'],
            run: () => pgbench(workerUrl, insertOf(data), { clients: writers, seconds }),
          },
          {
            name: '@event-driven-io/emmett-postgresql 0.42.0',
            atLeast: 2,
            run: () => forSeconds(seconds, writers, () => emmett.append({ text: data })),
          },
        ],
      });
    }
  },
};

function insertOf(text: string): string {
  return `insert into event (organization_id, stream, version, type, schema_version, payload, metadata) values (
    '${organizationId}', 'bench-' || gen_random_uuid(), 1, 'benched', 1, '${JSON.stringify({ text })}',
    '${JSON.stringify({ ...envelope, occurredAt: envelope.occurredAt.toISOString() })}');`;
}

/** Emmett in a database of its own in the same cluster, with a pool as wide as ours. */
async function openEmmett(connectionString: string) {
  const pool = new pg.Pool({ connectionString, max: 16 });
  // The server may end a connection before the pool has.
  pool.on('error', () => undefined);
  const store = getPostgreSQLEventStore(connectionString, {
    schema: { autoMigration: 'None' },
    connectionOptions: { pooled: true, pool },
  });
  await store.schema.migrate();
  return {
    append: (data: { text: string }) =>
      store.appendToStream(`bench-${randomUUID()}`, [{ type: 'benched', data }], {
        expectedStreamVersion: 'STREAM_DOES_NOT_EXIST',
      }),
    close: async () => {
      await store.close();
      await pool.end();
    },
  };
}
