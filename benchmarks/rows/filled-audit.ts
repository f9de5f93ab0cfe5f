import { randomUUID } from 'node:crypto';
import type { Database } from '@vouchsafe/database';
import { withSharedMigrations } from '@vouchsafe/service-host';
import type { Vault } from '@vouchsafe/vault';
import { psql } from '../postgres.ts';
import { type Measured, timed } from '../harness.ts';
import { requestOf } from './access-log.ts';
import { auditPackage } from './audit-package.ts';
import { type AuditSystem, openAuditSystem } from './audit-system.ts';
import { organizationId } from './event-store.ts';

const BATCH = 2_000;
const long = new Date(Date.now() - 400 * 86_400_000);

export interface Audit {
  readonly database: Database;
  readonly vault: Vault;
}

export interface FilledAudit {
  readonly system: AuditSystem;
  /** Puts the filled database back: what a round deleted is there again. */
  readonly refill: () => Promise<void>;
  /** The same rows, deleted by nothing but statements. */
  readonly deleteBare: (entries: number) => Promise<Measured>;
}

/**
 * Audit's database with a log of so many old entries, with disclosures and submissions, kept as the template of every round.
 * @param alsoWrite what else is written before
 */
export async function fillAudit(
  entries: number,
  alsoWrite: (audit: Audit) => Promise<unknown> = () => Promise.resolve(),
): Promise<FilledAudit> {
  const system = await openAuditSystem();
  try {
    await fill(system, entries, alsoWrite);
  } catch (error) {
    await system.close();
    throw error;
  }
  const refill = async () => {
    await system.query('postgres', 'drop database audit with (force)');
    await system.query('postgres', 'create database audit template audit_full');
    await system.query('audit', 'checkpoint');
  };
  const theirs = `where organization_id = '${organizationId}'`;
  const statements = ['disclosure', 'submission', 'entry'].map((table) => `delete from ${table} ${theirs};`);
  return {
    system,
    refill,
    deleteBare: async (deleted) => {
      await refill();
      return timed(deleted, () => psql(system.adminUrl('audit'), statements.join(' ')));
    },
  };
}

export async function recorderOf(vault: Vault, now: () => Date) {
  const { Recorder } = await auditPackage.record();
  return new Recorder(
    vault,
    { now },
    { VOUCHSAFE_LOG_NAME: 'localhost', VOUCHSAFE_PUBLIC_URL: 'http://localhost' },
  );
}

/** Through the one path in, each with an id of its sender's. */
async function fill(
  system: AuditSystem,
  entries: number,
  alsoWrite: (audit: Audit) => Promise<unknown>,
): Promise<void> {
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
  await alsoWrite({ database, vault });
  await database.close();
  await psql(system.adminUrl('audit'), 'vacuum analyze');
  await system.query('postgres', 'create database audit_full template audit');
}
