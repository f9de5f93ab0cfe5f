/** @promise P28 takes a file as bytes, whatever it is: nothing opens, unpacks or runs it */
import { createHash, type KeyObject } from 'node:crypto';
import { type Readable, Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Inject, Injectable } from '@nestjs/common';
import { isErased, isRejected, type OrganizationId } from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import {
  type Caller,
  Clock,
  CONFIG,
  createOnce,
  envelopeOf,
  type FileBody,
  Ids,
  LOGGER,
  organizationOf,
  problem,
  type ServiceLogger,
} from '@vouchsafe/service-host';
import { sealingStream, Vault } from '@vouchsafe/vault';
import type { LifecycleConfig } from '../lifecycle.config.js';
import { attachmentAggregate } from './attachment.aggregate.js';
import { AttachmentRow } from './attachment.entity.js';
import { Attachments, type AttachmentView, contextOf } from './attachments.js';
import { BodyStore, StorageFullError } from './body-store.js';

export type StoringRejection = { readonly rejected: 'quota-exceeded' | 'other-digest' };

export interface NewAttachment {
  readonly name: string;
  readonly mediaType: string;
  /** SHA-256 that the bytes must have; null where the client does not say. */
  readonly sha256: string | null;
}

interface Reserved {
  readonly attachmentId: string;
  readonly organizationId: OrganizationId;
  readonly key: KeyObject;
}

/** Of a body that may still be on its way when all of it must have arrived. */
const MARGIN_MS = 600_000;

/**
 * Receives a file. A row that sets its size aside of the quota is committed first, then the body is written, then both become the attachment:
 * a process that is killed on its way leaves a row of which nobody is shown anything, and which `RemoveBodies` removes with its body.
 */
@Injectable()
export class StoreAttachment {
  constructor(
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly bodies: BodyStore,
    private readonly attachments: Attachments,
    @Inject(CONFIG)
    private readonly config: Pick<
      LifecycleConfig,
      'VOUCHSAFE_ATTACHMENT_LIMIT' | 'VOUCHSAFE_ATTACHMENT_QUOTA'
    > & { readonly VOUCHSAFE_FILE_SECONDS: number },
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error'>,
  ) {}

  async receive(
    caller: Caller,
    attached: NewAttachment,
    { content, length }: Pick<FileBody, 'content' | 'length'>,
    idempotencyKey: string | undefined,
  ): Promise<AttachmentView | StoringRejection> {
    const most = this.config.VOUCHSAFE_ATTACHMENT_LIMIT;
    if (length !== null && length > most) throw problem('content-too-large');
    const reserved = await this.reserve(caller, attached, length ?? most);
    if (isRejected(reserved)) return reserved;
    let kept: AttachmentView | StoringRejection | undefined;
    try {
      const received = await this.write(reserved, content);
      kept =
        attached.sha256 !== null && attached.sha256 !== received.sha256
          ? { rejected: 'other-digest' }
          : await this.keep(caller, reserved, attached, received, idempotencyKey);
      return kept;
    } catch (error) {
      throw error instanceof StorageFullError ? problem('storage-full', { cause: error }) : error;
    } finally {
      // What was not kept goes, and so does the body of a request that was sent before.
      if (!kept || isRejected(kept) || kept.attachmentId !== reserved.attachmentId)
        await this.discard(reserved);
    }
  }

  private reserve(
    caller: Caller,
    { name, mediaType }: NewAttachment,
    size: number,
  ): Promise<Reserved | StoringRejection> {
    const [organizationId, at] = [organizationOf(caller), this.clock.now()];
    return this.store.transact(organizationId, envelopeOf(caller, at), async (unit) => {
      if (!(await this.isRoomFor(unit, size))) return { rejected: 'quota-exceeded' } as const;
      const attachmentId = this.ids.newId();
      const uploadedBy = personOf(caller);
      const organizations = { organizationId, subjectId: null };
      const key = await this.vault.newStreamKey(
        unit,
        organizations,
        contextOf(attachmentId, 'attachmentKey'),
      );
      const nameSealed = await this.vault.seal(
        unit,
        { organizationId, subjectId: uploadedBy },
        contextOf(attachmentId, 'attachmentName'),
        name,
      );
      if (isErased(key) || isErased(nameSealed))
        throw problem('forbidden', { detail: 'The data of the organization, or of you, was erased' });
      (await unit.entityManager()).create(AttachmentRow, {
        ...{ organizationId, attachmentId, nameSealed, mediaType, size, uploadedBy },
        status: 'receiving',
        keySealed: key.sealed,
        createdAt: at.toISOString(),
        dueAt: new Date(at.getTime() + this.config.VOUCHSAFE_FILE_SECONDS * 1000 + MARGIN_MS).toISOString(),
      });
      return { attachmentId, organizationId, key: key.key };
    });
  }

  /** One after the other, so that two files do not take the same room. */
  private async isRoomFor(unit: UnitOfWork, size: number): Promise<boolean> {
    await unit.query(`select pg_advisory_xact_lock(hashtextextended('attachment-quota ' || $1, 0))`, [
      unit.organizationId,
    ]);
    const [used] = await unit.query<{ bytes: string }>(
      'select coalesce(sum(size), 0) as bytes from attachment where organization_id = $1',
      [unit.organizationId],
    );
    return Number(used?.bytes) + size <= this.config.VOUCHSAFE_ATTACHMENT_QUOTA;
  }

  private async write({ attachmentId, organizationId, key }: Reserved, content: Readable) {
    const measured = new Measured(this.config.VOUCHSAFE_ATTACHMENT_LIMIT);
    const sealed = sealingStream(key, contextOf(attachmentId, 'attachmentBody'));
    // `content` is left as it is where this ends early: the answer goes out on its socket.
    content.pipe(measured).pipe(sealed);
    // Whichever fails first ends the others; only `put` tells of it.
    for (const stream of [content, measured, sealed]) stream.on('error', () => undefined);
    const early = problem('malformed-request', { detail: 'The body ended early' });
    finished(content, { writable: false }).catch(() => sealed.destroy(early));
    finished(measured).catch((error: unknown) => sealed.destroy(error as Error));
    try {
      await this.bodies.put({ organizationId, attachmentId }, sealed);
    } finally {
      content.unpipe(measured);
      measured.destroy();
    }
    return { size: measured.size, sha256: measured.sha256() };
  }

  private keep(
    caller: Caller,
    { attachmentId, organizationId }: Reserved,
    { name, mediaType }: NewAttachment,
    received: { readonly size: number; readonly sha256: string },
    key: string | undefined,
  ): Promise<AttachmentView> {
    const at = this.clock.now();
    const request = { name, mediaType, ...received };
    const once = { organizationId, caller, operation: 'attachment.store', key, request, at };
    return this.store.transact(organizationId, envelopeOf(caller, at), (unit) =>
      createOnce(this.vault, unit, once, async () => {
        const row = await (await unit.entityManager()).findOne(AttachmentRow, attachmentId);
        if (row?.status !== 'receiving') throw problem('request-timeout');
        const stored = await unit.execute(attachmentAggregate, attachmentId, {
          type: 'store',
          stored: { organizationId, attachmentId, userId: personOf(caller), name, mediaType, ...received },
        });
        if (isRejected(stored)) throw new Error(`An attachment could not be stored: ${stored.rejected}`);
        Object.assign(row, { ...received, status: 'stored', dueAt: null });
        const [body] = await this.attachments.shown(unit, [row]);
        if (!body) throw new Error('A row is shown as one attachment');
        return { body };
      }),
    );
  }

  /** Not where it was stored all the same, and only the answer of the database was lost. What fails here is done by `RemoveBodies`. */
  private async discard(reserved: Reserved): Promise<void> {
    try {
      await this.attachments.giveUp(reserved);
    } catch (error) {
      this.logger.error({ err: error, attachmentId: reserved.attachmentId }, 'A body will be removed later');
    }
  }
}

/** Counts and hashes what passes. */
class Measured extends Transform {
  size = 0;
  private readonly hash = createHash('sha256');

  constructor(private readonly most: number) {
    super();
  }

  override _transform(
    chunk: Buffer,
    _: BufferEncoding,
    done: (error?: Error | null, out?: Buffer) => void,
  ): void {
    this.size += chunk.length;
    this.hash.update(chunk);
    if (this.size > this.most) done(problem('content-too-large'));
    else done(null, chunk);
  }

  sha256(): string {
    return this.hash.digest('hex');
  }
}

function personOf({ actor }: Caller): string | null {
  return actor.type === 'user' || actor.type === 'staff' ? actor.id : null;
}
