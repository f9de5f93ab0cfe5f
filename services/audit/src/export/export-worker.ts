import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { follow, type Follower } from '@vouchsafe/event-store';
import { BundleTooLargeError } from '@vouchsafe/forensic-bundle';
import { Clock, LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
import { CheckpointSigner } from '../log/checkpoint-signer.js';
import { BundleMaker } from './bundle-maker.js';
import { ExportFolder } from './export-folder.js';
import { type ClaimedExport, expiryFrom, LEASE_MS, leaseFrom, LostLeaseError } from './lease.js';
import { RemoveBundles } from './remove-bundles.js';

const ATTEMPTS = 5;
const NOT_MADE = 'The bundle could not be made; request the export again';
const TOO_LARGE = 'The entries do not fit in one bundle; request a shorter time range';
const POLL_MS = 1000;

/** Makes the bundles that were asked for, one at a time, and removes those whose time has come. */
@Injectable()
export class ExportWorker {
  private follower: Follower | undefined;
  private stopping = new AbortController();

  constructor(
    private readonly database: Database,
    private readonly signer: CheckpointSigner,
    private readonly maker: BundleMaker,
    private readonly folder: ExportFolder,
    private readonly bundles: RemoveBundles,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error'>,
  ) {}

  start(): void {
    const onError = (error: unknown) => this.failed(error);
    this.stopping = new AbortController();
    const orphansRemoved = this.removeOrphans().catch(onError);
    const step = async (): Promise<number> => {
      await orphansRemoved;
      await this.bundles.expireDue(this.clock.now());
      const job = await this.claim();
      if (job) await this.carryOut(job);
      return job ? 1 : 0;
    };
    this.follower = follow(step, { idle: POLL_MS, retry: POLL_MS, onError });
  }

  /** Leaves a running export as it is: the next instance begins it again. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.follower?.stop();
  }

  private async claim(): Promise<ClaimedExport | undefined> {
    const now = this.clock.now();
    const [row] = await this.database.asWorker((sql) =>
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

  private async carryOut(job: ClaimedExport): Promise<void> {
    const { database, signer, maker, clock } = this;
    const lost = new AbortController();
    const renewal = setInterval(() => void this.holdLease(job, lost), LEASE_MS / 4);
    try {
      await signer.signGrown();
      await maker.make(job, AbortSignal.any([lost.signal, this.stopping.signal]));
    } catch (error) {
      if (error instanceof LostLeaseError || this.stopping.signal.aborted) return;
      const isTooLarge = error instanceof BundleTooLargeError;
      // The caller can act on it, and reads it in the export; the operator cannot.
      if (!isTooLarge) this.failed(error);
      const failed = isTooLarge || job.attempt >= ATTEMPTS;
      await database.asWorker((sql) =>
        sql.query(
          `update export set status = $3, leased_until = $4, expires_at = $5, failed_because = $6,
             sealed_request = case $3 when 'failed' then null else sealed_request end
           where export_id = $1 and attempt = $2 and status = 'running'`,
          [
            job.exportId,
            job.attempt,
            failed ? 'failed' : 'running',
            new Date(clock.now().getTime() + 2 ** job.attempt * 1000).toISOString(),
            failed ? expiryFrom(clock.now()) : null,
            failed ? (isTooLarge ? TOO_LARGE : NOT_MADE) : null,
          ],
        ),
      );
    } finally {
      clearInterval(renewal);
    }
  }

  /** Renews the lease while an export runs, however long one statement takes; an attempt that has lost its lease stops. */
  private async holdLease({ exportId, attempt }: ClaimedExport, lost: AbortController): Promise<void> {
    try {
      const rows = await this.database.asWorker((sql) =>
        sql.query(
          `update export set leased_until = $3
           where export_id = $1 and attempt = $2 and status = 'running' returning 1 as held`,
          [exportId, attempt, leaseFrom(this.clock.now())],
        ),
      );
      if (rows.length === 0) lost.abort();
    } catch (error) {
      this.failed(error);
    }
  }

  private failed(error: unknown): void {
    this.logger.error({ err: error }, 'An export failed; it will be retried');
  }

  /** Files whose export is over: left by an instance that died between the key's end and the file's. */
  private async removeOrphans(): Promise<void> {
    const { path: folder } = this.folder;
    const names = await readdir(folder).catch(() => []);
    const ids = [...new Set(names.map((name) => name.split('.')[0] ?? ''))].filter((id) =>
      /^[0-9a-f-]{36}$/.test(id),
    );
    const kept = await this.database.asWorker((sql) =>
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
}
