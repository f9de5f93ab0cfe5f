import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Row, timed } from '../harness.ts';
import { DURABLE } from '../postgres.ts';
import { organizationId } from './event-store.ts';
import { fillAudit, type FilledAudit } from './filled-audit.ts';

const ENTRIES = 1_000_000;
const LOOK_MS = 20;

/** A service removes an organization: its stores in turn, looked through afterwards, its keys destroyed, to the receipt; beside the bare deletes. */
export const row: Row = {
  run: async ({ compete, afterwards, size }) => {
    const entries = size(ENTRIES);
    const filled = await fillAudit(entries);
    afterwards(() => filled.system.close());
    await compete({
      variant: '',
      conditions: {
        concurrency: 'one purge',
        payload: `${entries} entries with disclosures and submissions, of one organization`,
        durability: DURABLE,
      },
      warmUp: false,
      ours: async () => {
        await filled.refill();
        // A key that is held open puts the receipt off by a minute, in which nothing is done.
        const audit = await filled.system.start({ VOUCHSAFE_KEY_CACHE_MS: '0' });
        try {
          return await timed(entries, () => purge(filled));
        } finally {
          await audit.stop();
        }
      },
      peers: [
        {
          name: 'psql: the same rows deleted by three statements, as superuser',
          atLeast: 0.5,
          needs: ['psql'],
          run: () => filled.deleteBare(entries),
        },
      ],
    });
  },
};

/** As the service takes it on when lifecycle says that a purge has begun. */
async function purge({ system: { query } }: FilledAudit): Promise<void> {
  const erasureId = randomUUID();
  await query(
    'audit',
    `insert into erasure (erasure_id, organization_id, requested_at, due_at, erased_organization_id, organizations, subjects)
     values ($1, $2, now(), now(), $3::uuid, array[$3::uuid], '{}')`,
    [erasureId, randomUUID(), organizationId],
  );
  for (;;) {
    const [found] = await query<{ receipt_at: Date | null }>(
      'audit',
      'select receipt_at from erasure where erasure_id = $1',
      [erasureId],
    );
    if (found?.receipt_at) return;
    await sleep(LOOK_MS);
  }
}
