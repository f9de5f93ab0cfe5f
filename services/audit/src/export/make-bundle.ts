/** @promise P24 makes a forensic bundle of a range or a search */
import { mkdir, rm } from 'node:fs/promises';
import type { Database, Sql } from '@vouchsafe/database';
import { bundleSize, stageBundle } from '@vouchsafe/forensic-bundle';
import { erasedAmong, type Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { createSigningKey, signingKey } from '../log/signing-key.js';
import { bundleContent } from './bundle-content.js';
import { bundlePath, type DirectoryLocation, newBundleKey, writeBundle } from './bundle-file.js';
import { bundleKeys } from './bundle-keys.js';
import { type ExportId, type ExportRequest, exportRequest, openFor, sealFor } from './export.js';
import { type ClaimedExport, expiryFrom, leaseFrom, LostLeaseError } from './lease.js';

export interface BundleMaking {
  readonly database: Database;
  readonly vault: Vault;
  readonly now: () => Date;
  /** Where bundles wait; every instance sees the same folder. */
  readonly folder: string;
  readonly operatorOrganizationId: string;
  /** Name of the manifest's key: none of a log's. */
  readonly manifestName: string;
}

const REPORT_MS = 500;

class ErasedMeanwhileError extends Error {
  override readonly name = 'ErasedMeanwhileError';
}

/** As `MakeBundle` says, in this process. */
export async function makeBundle(
  job: ClaimedExport,
  making: BundleMaking,
  signal: AbortSignal,
): Promise<void> {
  const { database, vault, folder, now, operatorOrganizationId, manifestName } = making;
  const request = exportRequest.parse(
    JSON.parse(await database.asWorker((sql) => openFor(sql, vault, job, 'request', job.sealedRequest))),
  );
  // Before the bundle says when it was made: by keys/history.json its key was in use then.
  const { signer: manifestSigner } = await database.asWorker((sql) => manifestKey(sql, making));
  let reportedAt = 0;
  const concerned = new Set<string>();
  const content = await bundleContent(job, request, {
    ...{ database, vault, operatorOrganizationId, now, concerned },
    onProgress: async (done) => {
      if (Math.abs(now().getTime() - reportedAt) < REPORT_MS) return;
      reportedAt = now().getTime();
      await report(job, making, signal, { done });
    },
  });
  await report(job, making, signal, { done: 0, total: content.total });
  const keys = await database.asWorker((sql) => bundleKeys(sql, job.organizationId, manifestName));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const key = newBundleKey();
  const file = bundlePath(folder, job.exportId, job.attempt);
  const bundle = await writeBundle(file, job.exportId, key);
  let isReady = false;
  try {
    const files = await stageBundle({ ...content, keys, signer: manifestSigner }, bundle.stage);
    if (signal.aborted) throw new LostLeaseError();
    const made = { key, directory: await bundle.finish(files), size: bundleSize(files), concerned };
    isReady = (await finish(job, request, making, made)) === 'ready';
  } finally {
    await bundle.close();
    if (!isReady) await rm(file, { force: true });
  }
}

interface Made {
  readonly key: Buffer;
  readonly directory: DirectoryLocation;
  readonly size: number;
  readonly concerned: ReadonlySet<string>;
}

async function finish(
  job: ClaimedExport,
  request: ExportRequest,
  { database, vault, now }: BundleMaking,
  { key, directory, size, concerned }: Made,
): Promise<'ready' | 'ended'> {
  return database.asWorker(async (sql) => {
    if (mayName(request) && (await hasErasedSince(sql, job))) {
      await endForErasure(sql, job);
      return 'ended';
    }
    // Erased while the bundle was made: it is made again, without them.
    const erased = await erasedAmong(sql, job.organizationId, [...concerned]);
    if (erased.length > 0) throw new ErasedMeanwhileError();
    await noteConcerned(sql, job, concerned);
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
    return 'ready';
  });
}

/** Whether the filter, which the manifest repeats, may contain a person's address; random ids do not count. */
function mayName({ filter: { actor, entityId, sourceIp, requestId, q } }: ExportRequest): boolean {
  const ids = [actor, entityId, requestId].filter((id) => id !== undefined);
  return sourceIp !== undefined || q !== undefined || ids.some((id) => !z.uuid().safeParse(id).success);
}

/** Whether a person was erased since the export was requested: then it cannot be determined any more whether the filter names them. */
async function hasErasedSince(sql: Sql, { exportId, organizationId }: ExportId): Promise<boolean> {
  const rows = await sql.query(
    `select from erasure where $1 = any (organizations)
       and coalesce(destroyed_at, 'infinity') >= (select requested_at from export where export_id = $2) limit 1`,
    [organizationId, exportId],
  );
  return rows.length > 0;
}

async function endForErasure(sql: Sql, { exportId, attempt }: ClaimedExport): Promise<void> {
  await sql.query(
    `update export set status = 'expired', expired_because = 'erasure', sealed_request = null, leased_until = null
     where export_id = $1 and attempt = $2 and status = 'running'`,
    [exportId, attempt],
  );
}

/** Stores the progress and renews the lease; an attempt that has lost it stops here. */
async function report(
  job: ClaimedExport,
  { database, now }: BundleMaking,
  signal: AbortSignal,
  { done, total }: { done: number; total?: number },
): Promise<void> {
  if (signal.aborted) throw new LostLeaseError();
  const rows = await database.asWorker((sql) =>
    sql.query(
      `update export set done = $3, total = coalesce($4, total), leased_until = $5
         where export_id = $1 and attempt = $2 and status = 'running' returning 1 as held`,
      [job.exportId, job.attempt, done, total ?? null, leaseFrom(now())],
    ),
  );
  if (rows.length === 0) throw new LostLeaseError();
}

async function manifestKey(sql: Sql, making: BundleMaking) {
  const { vault, manifestName: name, operatorOrganizationId: organizationId, now } = making;
  const there = await sql.query('select 1 from signing_key where name = $1 and signs_until is null', [name]);
  if (there.length === 0) {
    await createSigningKey(sql, vault, { organizationId, logId: null, name, now: now().toISOString() });
  }
  return signingKey(sql, vault, name);
}

async function noteConcerned(sql: Sql, job: ExportId, concerned: ReadonlySet<string>): Promise<void> {
  await sql.query('delete from export_subject where export_id = $1', [job.exportId]);
  await sql.query(
    `insert into export_subject (organization_id, export_id, subject_id)
     select $1, $2, subject_id from unnest($3::text[]) as concerned (subject_id)`,
    [job.organizationId, job.exportId, [...concerned]],
  );
}
