import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { zipBundle } from '@vouchsafe/forensic-bundle';
import { Clock } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { bundlePath, readBundle } from './bundle-file.js';
import { ExportFolder } from './export-folder.js';
import { type ExportJob, exportOf, openFor } from './export.js';

export type OpenedBundle =
  | { readonly status: 'open'; readonly stream: Readable; readonly size: number }
  | { readonly status: 'unknown' }
  | { readonly status: 'expired' }
  | { readonly status: 'not-ready'; readonly job: ExportJob };

/** Opens a bundle that waits, to be read once from its beginning to its end. */
@Injectable()
export class OpenBundle {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly folder: ExportFolder,
    private readonly clock: Clock,
  ) {}

  async open(organizationId: string, exportId: string): Promise<OpenedBundle> {
    const job = await this.database.forOrganization(organizationId, (sql) => exportOf(sql, exportId));
    if (!job) return { status: 'unknown' };
    const expired = job.expiresAt !== null && new Date(job.expiresAt) <= this.clock.now();
    if (job.status === 'expired' || (job.status === 'ready' && expired)) return { status: 'expired' };
    const { sealedKey, directory, size, attempt } = job;
    if (job.status !== 'ready' || !sealedKey || !directory || size === null)
      return { status: 'not-ready', job };
    const key = await this.database.forOrganization(job.organizationId, (sql) =>
      openFor(sql, this.vault, job, 'key', sealedKey),
    );
    const path = bundlePath(this.folder.path, exportId, attempt);
    const bundle = await readBundle(path, exportId, Buffer.from(key, 'base64'), directory);
    const stream = Readable.from(zipBundle(bundle.files, bundle.stage), { objectMode: false });
    stream.once('close', () => void bundle.close());
    return { status: 'open', stream, size };
  }
}
