/** @promise P28, P31 files in a bucket: under random ids, sealed; removed with every version and every unfinished upload */
import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { ByteRange } from '@vouchsafe/vault';
import { type BodyId, BodyStore, isBodyId, StorageFullError } from './body-store.js';

export interface Bucket {
  readonly name: string;
  /** Of another S3 than AWS's own. */
  readonly endpoint?: string | undefined;
  /** Milliseconds after which a connection over which nothing comes or goes is given up: a minute, where nothing is said. */
  readonly silence?: number;
}

const CONNECTING_MS = 5_000;
const SILENCE_MS = 60_000;

/**
 * Bodies in a bucket of S3 that nothing else uses: `<organization>/<attachment>`. Region and credentials are found as the AWS SDK finds them
 * everywhere (environment, role of the machine or pod).
 */
export class S3BodyStore extends BodyStore {
  private readonly client: S3Client;

  constructor(private readonly bucket: Bucket) {
    super();
    const { endpoint, silence = SILENCE_MS } = bucket;
    this.client = new S3Client({
      ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
      // The SDK would wait forever for an answer that does not come.
      requestHandler: { connectionTimeout: CONNECTING_MS, socketTimeout: silence },
    });
  }

  async put(id: BodyId, content: Readable): Promise<void> {
    // One part in memory at a time, of 5 MiB: S3 takes none that is smaller. A failed upload is aborted.
    const upload = new Upload({
      client: this.client,
      params: { Bucket: this.bucket.name, Key: keyOf(id), Body: content },
      queueSize: 1,
      partSize: 5 * 2 ** 20,
    });
    try {
      await upload.done();
    } catch (error) {
      content.destroy();
      throw isFull(error) ? new StorageFullError('There is no room in the bucket', { cause: error }) : error;
    }
  }

  async read(id: BodyId, { start, end }: ByteRange): Promise<Readable | null> {
    try {
      const found = await this.client.send(
        new GetObjectCommand({ Bucket: this.bucket.name, Key: keyOf(id), Range: `bytes=${start}-${end}` }),
      );
      return (found.Body as Readable | undefined) ?? null;
    } catch (error) {
      if (error instanceof Error && error.name === 'NoSuchKey') return null;
      throw error;
    }
  }

  async remove(id: BodyId): Promise<void> {
    const isOfBody = ({ key }: { readonly key: string }) => key === keyOf(id);
    for await (const uploads of this.uploads(keyOf(id))) await this.abort(uploads.filter(isOfBody));
    for await (const versions of this.versions(keyOf(id))) await this.delete(versions.filter(isOfBody));
  }

  /** A page of each list. */
  async removeSome(organizationId: string): Promise<boolean> {
    const prefix = `${organizationId}/`;
    const uploads = await firstOf(this.uploads(prefix));
    await this.abort(uploads);
    const versions = await firstOf(this.versions(prefix));
    await this.delete(versions);
    return uploads.length + versions.length > 0;
  }

  async *list(organizationId?: string): AsyncIterable<BodyId> {
    const prefix = organizationId === undefined ? '' : `${organizationId}/`;
    for await (const versions of this.versions(prefix))
      yield* versions.map(({ key }) => idOf(key)).filter(isBodyId);
    for await (const uploads of this.uploads(prefix))
      yield* uploads.map(({ key }) => idOf(key)).filter(isBodyId);
  }

  private async abort(uploads: readonly Unfinished[]): Promise<void> {
    for (const { key, uploadId } of uploads)
      await this.client.send(
        new AbortMultipartUploadCommand({ Bucket: this.bucket.name, Key: key, UploadId: uploadId }),
      );
  }

  /** At most a page: S3 takes no more at once. */
  private async delete(versions: readonly Version[]): Promise<void> {
    if (versions.length === 0) return;
    const Objects = versions.map(({ key, versionId }) => ({ Key: key, VersionId: versionId }));
    const { Errors = [] } = await this.client.send(
      new DeleteObjectsCommand({ Bucket: this.bucket.name, Delete: { Objects, Quiet: true } }),
    );
    if (Errors.length > 0) throw new Error(`S3 did not delete a body: ${Errors[0]?.Code ?? 'unknown'}`);
  }

  /** Delete markers, too: they say that something was there. */
  private async *versions(Prefix: string): AsyncIterable<Version[]> {
    let next: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | null = {};
    while (next) {
      const page: ListObjectVersionsCommandOutput = await this.client.send(
        new ListObjectVersionsCommand({ Bucket: this.bucket.name, Prefix, ...next }),
      );
      yield [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key = '', VersionId }) => ({
        key: Key,
        versionId: VersionId,
      }));
      next = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
        : null;
    }
  }

  private async *uploads(Prefix: string): AsyncIterable<Unfinished[]> {
    let next: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | null = {};
    while (next) {
      const page: ListMultipartUploadsCommandOutput = await this.client.send(
        new ListMultipartUploadsCommand({ Bucket: this.bucket.name, Prefix, ...next }),
      );
      yield (page.Uploads ?? []).map(({ Key = '', UploadId }) => ({ key: Key, uploadId: UploadId }));
      next = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
        : null;
    }
  }
}

interface Version {
  readonly key: string;
  readonly versionId: string | undefined;
}

interface Unfinished {
  readonly key: string;
  readonly uploadId: string | undefined;
}

async function firstOf<Page>(pages: AsyncIterable<Page[]>): Promise<Page[]> {
  for await (const page of pages) return page;
  return [];
}

function keyOf({ organizationId, attachmentId }: BodyId): string {
  return `${organizationId}/${attachmentId}`;
}

function idOf(key: string): BodyId {
  const [organizationId = '', attachmentId = ''] = key.split('/', 2);
  return { organizationId, attachmentId };
}

/** AWS's own S3 has no end; others answer 507. */
function isFull(error: unknown): boolean {
  const { $metadata } = (error ?? {}) as { $metadata?: { httpStatusCode?: number } };
  return $metadata?.httpStatusCode === 507;
}
