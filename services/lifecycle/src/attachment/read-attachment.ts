import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import { type Caller, organizationOf, problem } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { AttachmentRow } from './attachment.entity.js';
import { Attachments, type AttachmentView, contextOf } from './attachments.js';
import { BodyStore } from './body-store.js';
import type { Asked } from './byte-range.js';
import { openBody, type OpenedBody } from './open-body.js';

export interface OpenedAttachment extends OpenedBody {
  readonly attachment: AttachmentView;
}

@Injectable()
export class ReadAttachment {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly bodies: BodyStore,
    private readonly attachments: Attachments,
  ) {}

  async open(caller: Caller, attachmentId: string, asked: Asked): Promise<OpenedAttachment> {
    const organizationId = organizationOf(caller);
    const { attachment, key } = await this.find(organizationId, attachmentId);
    const context = contextOf(attachmentId, 'attachmentBody');
    const id = { organizationId, attachmentId };
    const opened = await openBody(this.bodies, id, { key, context, size: attachment.size }, asked);
    return { ...opened, attachment };
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
