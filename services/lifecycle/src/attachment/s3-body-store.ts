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
}

/**
 * Bodies in a bucket of S3 that nothing else uses: `<organization>/<attachment>`. Region and credentials are found as the AWS SDK finds them
 * everywhere (environment, role of the machine or pod).
 */
export class S3BodyStore extends BodyStore {
  private readonly client: S3Client;

  constructor(private readonly bucket: Bucket) {
    super();
    const { endpoint } = bucket;
    this.client = new S3Client(endpoint === undefined ? {} : { endpoint, forcePathStyle: true });
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
    const Key = keyOf(id);
    for await (const { key, uploadId } of this.uploads(Key))
      if (key === Key)
        await this.client.send(
          new AbortMultipartUploadCommand({ Bucket: this.bucket.name, Key, UploadId: uploadId }),
        );
    for await (const versions of this.versions(Key)) {
      const Objects = versions
        .filter(({ key }) => key === Key)
        .map(({ versionId }) => ({ Key, VersionId: versionId }));
      if (Objects.length === 0) continue;
      const { Errors = [] } = await this.client.send(
        new DeleteObjectsCommand({ Bucket: this.bucket.name, Delete: { Objects, Quiet: true } }),
      );
      if (Errors.length > 0) throw new Error(`S3 did not delete a body: ${Errors[0]?.Code ?? 'unknown'}`);
    }
  }

  async *list(organizationId?: string): AsyncIterable<BodyId> {
    const prefix = organizationId === undefined ? '' : `${organizationId}/`;
    for await (const versions of this.versions(prefix))
      yield* versions.map(({ key }) => idOf(key)).filter(isBodyId);
    for await (const { key } of this.uploads(prefix)) if (isBodyId(idOf(key))) yield idOf(key);
  }

  /** Delete markers, too: they say that something was there. */
  private async *versions(Prefix: string): AsyncIterable<{ key: string; versionId: string | undefined }[]> {
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

  private async *uploads(Prefix: string): AsyncIterable<{ key: string; uploadId: string | undefined }> {
    let next: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | null = {};
    while (next) {
      const page: ListMultipartUploadsCommandOutput = await this.client.send(
        new ListMultipartUploadsCommand({ Bucket: this.bucket.name, Prefix, ...next }),
      );
      for (const { Key = '', UploadId } of page.Uploads ?? []) yield { key: Key, uploadId: UploadId };
      next = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
        : null;
    }
  }
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
