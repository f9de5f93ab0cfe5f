import { Injectable } from '@nestjs/common';
import { Database, exactTime } from '@vouchsafe/database';
import {
  type Caller,
  cursorOf,
  organizationOf,
  pageFound,
  pageOf,
  type PageQuery,
} from '@vouchsafe/service-host';
import type { z } from 'zod';
import { AttachmentRow } from './attachment.entity.js';
import { Attachments, attachmentView } from './attachments.js';

export const attachmentPage = pageOf(attachmentView);
const cursor = cursorOf({ createdAt: 'time', attachmentId: 'id' });

@Injectable()
export class ListAttachments {
  constructor(
    private readonly database: Database,
    private readonly attachments: Attachments,
  ) {}

  /** Oldest first; of all, or of those that one person stored. */
  list(caller: Caller, query: PageQuery, uploadedBy?: string): Promise<z.infer<typeof attachmentPage>> {
    const after = cursor.read(query.cursor);
    return this.database.forOrganization(organizationOf(caller), async (transaction) => {
      const entityManager = await transaction.entityManager();
      const found = await entityManager.findByCursor(AttachmentRow, {
        where: { status: 'stored', ...(uploadedBy !== undefined && { uploadedBy }) },
        ...{ first: query.limit, includeCount: false, ...(after && { after }) },
        orderBy: { createdAt: 'asc', attachmentId: 'asc' },
      });
      const page = pageFound(
        found,
        (row) => row,
        ({ createdAt, attachmentId }) => cursor.write({ createdAt: exactTime(createdAt), attachmentId }),
      );
      return { items: await this.attachments.shown(transaction, page.items), next: page.next };
    });
  }
}
