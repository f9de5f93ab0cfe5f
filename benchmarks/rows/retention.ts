import { randomUUID } from 'node:crypto';
import type { Database } from '@vouchsafe/database';
import type { OrganizationId } from '@vouchsafe/event-sourcing';
import { withoutAsking, withSharedMigrations } from '@vouchsafe/service-host';
import type { Vault } from '@vouchsafe/vault';
import { forSeconds, type Measured, type Row, timed } from '../harness.ts';
import { DURABLE, psql } from '../postgres.ts';
import { requestOf } from './access-log.ts';
import { auditPackage } from './audit-package.ts';
import { type AuditSystem, openAuditSystem } from './audit-system.ts';
import { organizationId } from './event-store.ts';

const ENTRIES = 1_000_000;
const BATCH = 2_000;
const LANES = 2;
const BESIDE = 100;
/** One for each writer beside a run. */
const others = Array.from({ length: LANES }, () => randomUUID() as OrganizationId);
const long = new Date(Date.now() - 400 * 86_400_000);

/** A retention run over a log of which everything has expired, and its erasure, beside the bare deletes; and ingest beside a run, beside ingest alone. */
export const row: Row = {
  run: async ({ compete, afterwards, size, seconds }) => {
    const entries = size(ENTRIES);
    const system = await openAuditSystem();
    afterwards(() => system.close());
    await fill(system, entries);
    const conditions = {
      payload: `${entries} expired entries with disclosures and submissions`,
      durability: DURABLE,
    };
    const bare = {
      name: 'psql: the same rows deleted by three statements, as superuser',
      atLeast: 0.5,
      needs: ['psql'] as const,
      run: () => onFresh(system, () => timed(entries, () => psql(system.adminUrl('audit'), bareDeletes()))),
    };
    await compete({
      variant: '',
      conditions: { concurrency: 'one run', ...conditions },
      warmUp: false,
      ours: () =>
        onFresh(system, async (audit) => {
          const run = await runOf(audit);
          return timed(entries, run.end);
        }),
      peers: [bare],
    });
    await compete({
      variant: 'an organization that is erased',
      conditions: { concurrency: 'one erasure', ...conditions },
      warmUp: false,
      ours: () =>
        onFresh(system, async (audit) => {
          const log = await logOf(audit);
          return timed(entries, () => log.entries.remove(organizationId, withoutAsking(audit.database)));
        }),
      peers: [bare],
    });
    await compete({
      variant: `ingest beside a run`,
      conditions: { concurrency: `${LANES} writers, ${BESIDE} entries a batch`, ...conditions },
      warmUp: false,
      ours: () =>
        onFresh(system, async (audit) => {
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
          run: () => onFresh(system, (audit) => ingest(audit, seconds)),
        },
      ],
    });
  },
};

interface Audit {
  readonly database: Database;
  readonly vault: Vault;
}

async function recorderOf(vault: Vault, now: () => Date) {
  const { Recorder } = await auditPackage.record();
  return new Recorder(
    vault,
    { now },
    { VOUCHSAFE_LOG_NAME: 'localhost', VOUCHSAFE_PUBLIC_URL: 'http://localhost' },
  );
}

/** Through the one path in, each with an id of its sender's; kept as the template of every round. */
async function fill(system: AuditSystem, entries: number): Promise<void> {
  const { auditMigrations } = await auditPackage.migrations();
  const { entryOfRequest } = await auditPackage.accessLog();
  const { database, vault } = await system.open();
  await database.migrate(withSharedMigrations(auditMigrations));
  const users = Array.from({ length: 500 }, () => randomUUID());
  // A batch each second, as a busy log has them.
  let at = long.getTime();
  const recorder = await recorderOf(vault, () => new Date((at += 1000)));
  for (let done = 0; done < entries; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, entries - done) }, (_, i) => ({
      ...entryOfRequest(requestOf(organizationId, users[(done + i) % users.length] ?? '', done + i, long)),
      id: randomUUID(),
    }));
    const answer = await database.asWorker((transaction) => recorder.record(transaction, batch));
    if (answer.status !== 'recorded') throw new Error(`Entry ${answer.entry} was refused: ${answer.because}`);
  }
  // Logs, keys and this month's partition are there, as they are where somebody has been writing.
  await ingest({ database, vault }, 1);
  await database.close();
  await psql(system.adminUrl('audit'), 'vacuum analyze');
  await system.query('postgres', 'create database audit_full template audit');
}

async function onFresh(system: AuditSystem, work: (audit: Audit) => Promise<Measured>): Promise<Measured> {
  await system.query('postgres', 'drop database audit with (force)');
  await system.query('postgres', 'create database audit template audit_full');
  await system.query('audit', 'checkpoint');
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

/** Of the organization, with its tombstone: from there on nothing new comes in. */
async function logOf({ database, vault }: Audit) {
  const { RemoveLog } = await auditPackage.removeLog();
  const { CheckpointSigner } = await auditPackage.signer();
  const clock = { now: () => new Date() };
  await database.asRetention((sql) => vault.refuseOrganization(sql, organizationId, clock.now()));
  const signer = new CheckpointSigner(database, vault, clock, { error: () => undefined });
  return new RemoveLog(database, signer, clock);
}

function bareDeletes(): string {
  const theirs = `where organization_id = '${organizationId}'`;
  return `delete from disclosure ${theirs}; delete from submission ${theirs}; delete from entry ${theirs};`;
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
