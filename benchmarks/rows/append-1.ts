import { randomUUID } from 'node:crypto';
import { forSeconds, type Row } from '../harness.ts';
import { pgbench } from '../postgres.ts';
import { benchCatalog, envelope, organizationId, openStore, payload } from './event-store.ts';

const SECONDS = 4;

/** One event a transaction, from one and from 16 writers, beside pgbench's prepared insert into the same table. */
export const row: Row = {
  name: 'append-1',
  run: async (compete) => {
    const { store, workerUrl, close } = await openStore();
    const data = payload(300);
    for (const writers of [1, 16]) {
      await compete({
        variant: writers === 1 ? 'one writer' : `${writers} writers`,
        conditions: '300 B payload, synchronous_commit on',
        peer: 'pgbench, prepared',
        atLeast: 0.7,
        ours: () =>
          forSeconds(SECONDS, writers, async () => {
            await store.append({
              organizationId,
              stream: `bench-${randomUUID()}`,
              expectedVersion: 0,
              catalog: benchCatalog,
              events: [{ type: 'benched', data: { text: data } }],
              envelope,
            });
          }),
        theirs: async () =>
          pgbench(
            workerUrl,
            `insert into event (organization_id, stream, version, type, schema_version, payload, metadata) values (
               '${organizationId}', 'bench-' || gen_random_uuid(), 1, 'benched', 1, '${JSON.stringify({ text: data })}',
               '${JSON.stringify({ ...envelope, occurredAt: envelope.occurredAt.toISOString() })}')
             returning position, (extract(epoch from recorded_at) * 1000)::float8;`,
            { clients: writers, seconds: SECONDS },
          ),
      });
    }
    await close();
  },
};
