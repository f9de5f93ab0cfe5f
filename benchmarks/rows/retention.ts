import { randomUUID } from 'node:crypto';
import type { OrganizationId } from '@vouchsafe/event-sourcing';
import { forSeconds, type Measured, type Row, timed } from '../harness.ts';
import { DURABLE } from '../postgres.ts';
import { requestOf } from './access-log.ts';
import { auditPackage } from './audit-package.ts';
import { organizationId } from './event-store.ts';
import { type Audit, fillAudit, type FilledAudit, recorderOf } from './filled-audit.ts';

const ENTRIES = 1_000_000;
const LANES = 2;
const BESIDE = 100;
/** One for each writer beside a run. */
const others = Array.from({ length: LANES }, () => randomUUID() as OrganizationId);

/** A retention run over a log of which everything has expired, beside the bare deletes; and ingest beside a run, beside ingest alone. */
export const row: Row = {
  run: async ({ compete, afterwards, size, seconds }) => {
    const entries = size(ENTRIES);
    // Logs, keys and this month's partition are there, as they are where somebody has been writing.
    const filled = await fillAudit(entries, (audit) => ingest(audit, 1));
    afterwards(() => filled.system.close());
    const conditions = {
      payload: `${entries} expired entries with disclosures and submissions`,
      durability: DURABLE,
    };
    await compete({
      variant: '',
      conditions: { concurrency: 'one run', ...conditions },
      warmUp: false,
      ours: () =>
        onFresh(filled, async (audit) => {
          const run = await runOf(audit);
          return timed(entries, run.end);
        }),
      peers: [
        {
          name: 'psql: the same rows deleted by three statements, as superuser',
          atLeast: 0.5,
          needs: ['psql'],
          run: () => filled.deleteBare(entries),
        },
      ],
    });
    await compete({
      variant: `ingest beside a run`,
      conditions: { concurrency: `${LANES} writers, ${BESIDE} entries a batch`, ...conditions },
      warmUp: false,
      ours: () =>
        onFresh(filled, async (audit) => {
          const run = await runOf(audit);
          const ended = run.end();
          const measured = await ingest(audit, seconds);
          run.stop();
          await ended;
          return measured;
        }),
      peers: [
        {
          name: 'the same ingest alone',
          atLeast: 0.7,
          run: () => onFresh(filled, (audit) => ingest(audit, seconds)),
        },
      ],
    });
  },
};

async function onFresh(
  { system, refill }: FilledAudit,
  work: (audit: Audit) => Promise<Measured>,
): Promise<Measured> {
  await refill();
  const audit = await system.open();
  try {
    return await work(audit);
  } finally {
    await audit.database.close();
  }
}

async function runOf({ database, vault }: Audit) {
  const { FollowRetention } = await auditPackage.retention();
  const clock = { now: () => new Date() };
  const retention = new FollowRetention(
    database,
    await recorderOf(vault, clock.now),
    clock,
    { newId: () => randomUUID() },
    { VOUCHSAFE_AUDIT_RETENTION_MONTHS: 12 },
    { error: () => undefined },
  );
  let stopped = false;
  return {
    end: async () => {
      while (!stopped && (await retention.step()) > 0);
    },
    stop: () => {
      stopped = true;
    },
  };
}

/** Entries of other organizations. */
async function ingest({ database, vault }: Audit, seconds: number): Promise<Measured> {
  const { entryOfRequest } = await auditPackage.accessLog();
  const recorder = await recorderOf(vault, () => new Date());
  const user = randomUUID();
  return forSeconds(seconds, LANES, async (nth) => {
    const own = others[nth % LANES] ?? organizationId;
    const batch = Array.from({ length: BESIDE }, (_, i) => entryOfRequest(requestOf(own, user, i)));
    const answer = await database.asWorker((transaction) => recorder.record(transaction, batch));
    if (answer.status !== 'recorded') throw new Error(`Entry ${answer.entry} was refused: ${answer.because}`);
  });
}
