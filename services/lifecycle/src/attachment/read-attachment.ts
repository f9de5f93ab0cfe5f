import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import { type Caller, organizationOf, problem } from '@vouchsafe/service-host';
import { type ByteRange, openingStream, sealedRange, Vault } from '@vouchsafe/vault';
import { AttachmentRow } from './attachment.entity.js';
import { Attachments, type AttachmentView, contextOf } from './attachments.js';
import { BodyStore } from './body-store.js';
import { type Asked, rangeOf } from './byte-range.js';

export interface OpenedAttachment {
  readonly attachment: AttachmentView;
  /** Null where all of it was asked for. */
  readonly range: ByteRange | null;
  readonly content: Readable;
}

@Injectable()
export class ReadAttachment {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly bodies: BodyStore,
    private readonly attachments: Attachments,
  ) {}

  /** Only bytes that were found genuine are given out; where one is not, the stream fails. */
  async open(caller: Caller, attachmentId: string, asked: Asked): Promise<OpenedAttachment> {
    const organizationId = organizationOf(caller);
    const { attachment, key } = await this.find(organizationId, attachmentId);
    const { size } = attachment;
    const range = rangeOf(asked, size);
    if (range === 'unsatisfiable')
      throw problem('range-not-satisfiable', { headers: { 'content-range': `bytes */${size}` } });
    const part = range ?? { start: 0, end: size - 1 };
    const sealed = await this.bodies.read({ organizationId, attachmentId }, sealedRange(size, part));
    // A backup of the database was restored that is older than the deletion of the body.
    if (!sealed) throw problem('gone');
    const content = openingStream(key, contextOf(attachmentId, 'attachmentBody'), size, part);
    sealed.once('error', (error) => content.destroy(error));
    content.once('close', () => sealed.destroy());
    return { attachment, range, content: sealed.pipe(content) };
  }

  private find(organizationId: string, attachmentId: string) {
    return this.database.forOrganization(organizationId, async (transaction) => {
      const row = await (
        await transaction.entityManager()
      ).findOne(AttachmentRow, { attachmentId, status: 'stored' }, { populate: ['keySealed'] });
      if (!row) throw problem('not-found');
      const key = await this.vault.openStreamKey(
        transaction,
        { organizationId, subjectId: null },
        contextOf(attachmentId, 'attachmentKey'),
        row.keySealed,
      );
      const [attachment] = await this.attachments.shown(transaction, [row]);
      if (isErased(key) || !attachment) throw problem('gone');
      return { attachment, key };
    });
  }
}
