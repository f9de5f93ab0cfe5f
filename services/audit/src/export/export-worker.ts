import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Database, Sql } from '@vouchsafe/database';
import { bundleSize, stageBundle } from '@vouchsafe/forensic-bundle';
import type { Erasure } from '@vouchsafe/service-host';
import { erasedAmong, type Vault } from '@vouchsafe/vault';
import type { CheckpointSigner } from '../log/checkpoint-signer.js';
import { createSigningKey, signingKey } from '../log/signing-key.js';
import { bundleContent, bundleKeys } from './bundle-content.js';
import { type DirectoryPlace, newBundleKey, writeBundle } from './bundle-file.js';
import { BUNDLE_DAYS, type ExportId, exportRequest, openFor, sealFor } from './export.js';

export interface ExportWorkerOptions {
  readonly database: Database;
  readonly vault: Vault;
  readonly signer: Pick<CheckpointSigner, 'signGrown'>;
  readonly now: () => Date;
  /** Where bundles wait; every instance sees the same folder. */
  readonly folder: string;
  readonly operatorOrganizationId: string;
  /** Name of the manifest's key: none of a log's. */
  readonly manifestName: string;
  readonly onError: (error: unknown) => void;
}

/** An instance that says nothing for so long has died: its export is begun again by another. */
const LEASE_MS = 60_000;
const REPORT_MS = 500;
const ATTEMPTS = 5;
const POLL_MS = 1000;

type Claimed = ExportId & { readonly attempt: number; readonly sealedRequest: string };

/** Another instance has the export now; or it is gone. */
class LostLeaseError extends Error {
  override readonly name = 'LostLeaseError';
}

class ErasedMeanwhileError extends Error {
  override readonly name = 'ErasedMeanwhileError';
}

/** Makes the bundles that were asked for, one at a time, and removes those whose time has come. */
export class ExportWorker {
  private stopped = true;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: ExportWorkerOptions) {}

  start(): void {
    this.stopped = false;
    this.running = this.removeOrphans().catch(this.options.onError);
    void this.running.then(() => this.next(0));
  }

  /** Leaves a running export where it is: whoever comes next begins it again. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private async workOff(): Promise<void> {
    await this.removeExpired();
    for (let job = await this.claim(); job && !this.stopped; job = await this.claim())
      await this.carryOut(job);
  }

  private next(after: number): void {
    this.timer = setTimeout(() => {
      this.running = this.workOff().catch((error: unknown) => this.options.onError(error));
      void this.running.then(() => {
        if (!this.stopped) this.next(POLL_MS);
      });
    }, after);
  }

  private async claim(): Promise<Claimed | undefined> {
    const now = this.options.now();
    const [row] = await this.options.database.asWorker((sql) =>
      sql.query<{ export_id: string; organization_id: string; attempt: number; sealed_request: string }>(
        `update export set attempt = attempt + 1, leased_until = $2, done = 0
         where export_id = (
           select export_id from export where status = 'running' and (leased_until is null or leased_until < $1)
           order by requested_at for update skip locked limit 1)
         returning export_id, organization_id, attempt, sealed_request`,
        [now.toISOString(), leaseFrom(now)],
      ),
    );
    return (
      row && {
        exportId: row.export_id,
        organizationId: row.organization_id,
        attempt: row.attempt,
        sealedRequest: row.sealed_request,
      }
    );
  }

  private async carryOut(job: Claimed): Promise<void> {
    const { database, now, onError } = this.options;
    try {
      await this.make(job);
    } catch (error) {
      if (error instanceof LostLeaseError || this.stopped) return;
      onError(error);
      const failed = job.attempt >= ATTEMPTS;
      await database.asWorker((sql) =>
        sql.query(
          `update export set status = $3, leased_until = $4, expires_at = $5, failed_because = $6
           where export_id = $1 and attempt = $2 and status = 'running'`,
          [
            job.exportId,
            job.attempt,
            failed ? 'failed' : 'running',
            new Date(now().getTime() + 2 ** job.attempt * 1000).toISOString(),
            failed ? expiryFrom(now()) : null,
            failed ? 'The bundle could not be made; ask again' : null,
          ],
        ),
      );
    }
  }

  private async make(job: Claimed): Promise<void> {
    const { database, vault, signer, folder, now, operatorOrganizationId, manifestName } = this.options;
    await signer.signGrown();
    const request = exportRequest.parse(
      JSON.parse(await database.asWorker((sql) => openFor(sql, vault, job, 'request', job.sealedRequest))),
    );
    // Before the bundle says when it was made: by keys/history.json its key was in use then.
    const { signer: manifestSigner } = await database.asWorker((sql) => this.manifestKey(sql));
    let reportedAt = 0;
    const opened = new Set<string>();
    const content = await bundleContent(job, request, {
      ...{ database, vault, operatorOrganizationId, now, opened },
      onProgress: async (done) => {
        if (Math.abs(now().getTime() - reportedAt) < REPORT_MS) return;
        reportedAt = now().getTime();
        await this.report(job, { done });
      },
    });
    await this.report(job, { done: 0, total: content.total });
    const keys = await database.asWorker((sql) => bundleKeys(sql, job.organizationId, manifestName));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const key = newBundleKey();
    const bundle = await writeBundle(bundlePath(folder, job.exportId, job.attempt), job.exportId, key);
    try {
      const files = await stageBundle({ ...content, keys, signer: manifestSigner }, bundle.stage);
      await this.finish(job, key, await bundle.finish(files), bundleSize(files), opened);
    } finally {
      await bundle.close();
    }
  }

  private async finish(
    job: Claimed,
    key: Buffer,
    directory: DirectoryPlace,
    size: number,
    opened: ReadonlySet<string>,
  ): Promise<void> {
    const { database, vault, now } = this.options;
    await database.asWorker(async (sql) => {
      // Erased while the bundle was made: it is made again, without them.
      const erased = await erasedAmong(sql, job.organizationId, [...opened]);
      if (erased.length > 0) throw new ErasedMeanwhileError();
      await noteOpened(sql, job, opened);
      const rows = await sql.query(
        `update export set status = 'ready', sealed_key = $3, directory_at = $4, directory_length = $5, size = $6, expires_at = $7,
           leased_until = null, done = total
         where export_id = $1 and attempt = $2 and status = 'running' returning 1 as ready`,
        [
          job.exportId,
          job.attempt,
          await sealFor(sql, vault, job, 'key', key.toString('base64')),
          directory.at,
          directory.length,
          size,
          expiryFrom(now()),
        ],
      );
      if (rows.length === 0) throw new LostLeaseError();
    });
  }

  /** Shows how far it is, and holds the lease: who has lost it stops here. */
  private async report(job: Claimed, { done, total }: { done: number; total?: number }): Promise<void> {
    if (this.stopped) throw new LostLeaseError();
    const rows = await this.options.database.asWorker((sql) =>
      sql.query(
        `update export set done = $3, total = coalesce($4, total), leased_until = $5
         where export_id = $1 and attempt = $2 and status = 'running' returning 1 as held`,
        [job.exportId, job.attempt, done, total ?? null, leaseFrom(this.options.now())],
      ),
    );
    if (rows.length === 0) throw new LostLeaseError();
  }

  private async manifestKey(sql: Sql) {
    const { vault, manifestName: name, operatorOrganizationId: organizationId, now } = this.options;
    const there = await sql.query('select 1 from signing_key where name = $1 and signs_until is null', [
      name,
    ]);
    if (there.length === 0) {
      await createSigningKey(sql, vault, { organizationId, logId: null, name, now: now().toISOString() });
    }
    return signingKey(sql, vault, name);
  }

  /** Files whose export is over: left by an instance that died between the key's end and the file's. */
  private async removeOrphans(): Promise<void> {
    const { database, folder } = this.options;
    const names = await readdir(folder).catch(() => []);
    const ids = [...new Set(names.map((name) => name.split('.')[0] ?? ''))].filter((id) =>
      /^[0-9a-f-]{36}$/.test(id),
    );
    const kept = await database.asWorker((sql) =>
      sql.query<{ export_id: string }>(
        `select export_id from export where export_id = any ($1::uuid[]) and status in ('running', 'ready')`,
        [ids],
      ),
    );
    const over = new Set(ids);
    for (const row of kept) over.delete(row.export_id);
    for (const name of names) {
      if (over.has(name.split('.')[0] ?? '')) await rm(path.join(folder, name), { force: true });
    }
  }

  /** The key goes first: from then on the file is noise, whatever becomes of it. */
  private async removeExpired(): Promise<void> {
    const { database, now, folder } = this.options;
    const due = await database.asWorker((sql) =>
      sql.query<{ export_id: string; attempt: number }>(
        `update export set status = case status when 'failed' then status else 'expired' end, sealed_key = null, sealed_request = null,
           expires_at = case status when 'failed' then null else expires_at end,
           expired_because = case status when 'failed' then null else 'time' end
         where export_id in (
           select export_id from export where status in ('ready', 'failed') and expires_at <= $1 for update skip locked)
         returning export_id, attempt`,
        [now().toISOString()],
      ),
    );
    for (const { export_id: exportId, attempt } of due) await removeFiles(folder, exportId, attempt);
  }
}

async function noteOpened(sql: Sql, job: ExportId, opened: ReadonlySet<string>): Promise<void> {
  await sql.query('delete from export_subject where export_id = $1', [job.exportId]);
  await sql.query(
    `insert into export_subject (organization_id, export_id, subject_id)
     select $1, $2, subject_id from unnest($3::text[]) as opened (subject_id)`,
    [job.organizationId, job.exportId, [...opened]],
  );
}

/** Ends the bundles that opened a value of an erased person (P10); whoever wants one asks again, and finds it erased. */
export async function expireBundlesOf(
  database: Database,
  folder: string,
  { organizations, subjects }: Pick<Erasure, 'organizations' | 'subjects'>,
): Promise<void> {
  const ended = await database.asWorker((sql) =>
    sql.query<{ export_id: string; attempt: number }>(
      `update export set status = 'expired', sealed_key = null, sealed_request = null, expired_because = 'erasure'
       where status = 'ready' and export_id in (
         select export_id from export_subject
         where organization_id = any ($1::uuid[]) and subject_id = any ($2::text[]))
       returning export_id, attempt`,
      [organizations, subjects],
    ),
  );
  for (const { export_id: exportId, attempt } of ended) await removeFiles(folder, exportId, attempt);
}

async function removeFiles(folder: string, exportId: string, attempts: number): Promise<void> {
  for (let nth = 1; nth <= attempts; nth += 1) await rm(bundlePath(folder, exportId, nth), { force: true });
}

/** Each attempt writes a file of its own: one whose lease was lost disturbs nobody. */
export function bundlePath(folder: string, exportId: string, attempt: number): string {
  return path.join(folder, `${exportId}.${attempt}.bundle`);
}

function leaseFrom(now: Date): string {
  return new Date(now.getTime() + LEASE_MS).toISOString();
}

function expiryFrom(now: Date): string {
  return new Date(now.getTime() + BUNDLE_DAYS * 86_400_000).toISOString();
}
