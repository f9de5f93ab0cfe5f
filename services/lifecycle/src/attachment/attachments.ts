import { Injectable } from '@nestjs/common';
import { Database, instant, type Sql } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import { type Context, Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { storedNames } from '../stored-names.js';
import type { AttachmentRow } from './attachment.entity.js';
import { BodyStore, type BodyId } from './body-store.js';

export const attachmentView = z
  .strictObject({
    attachmentId: z.uuid().describe('Id of the attachment'),
    name: z
      .string()
      .nullable()
      .describe('The name of the file; null once the data of the person who sent it was erased'),
    mediaType: z.string().describe('As it was declared; it says nothing of what is in the file'),
    size: z.int().describe('In bytes'),
    sha256: z.string().describe('SHA-256 of the bytes, in hexadecimal digits'),
    uploadedBy: z.uuid().nullable().describe('Id of the user who sent it; null where an API key did'),
    createdAt: z.iso.datetime().describe('When it was stored'),
  })
  .meta({ id: 'Attachment' });
export type AttachmentView = z.infer<typeof attachmentView>;

/** What an attachment's name, the key of its body, and the body are bound to. */
export function contextOf(
  attachmentId: string,
  part: 'attachmentName' | 'attachmentKey' | 'attachmentBody',
): Context {
  return [storedNames.attachment, attachmentId, storedNames[part]];
}

/** What the use cases share: how a row is shown, and how an attachment that nobody wants any more goes. */
@Injectable()
export class Attachments {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly bodies: BodyStore,
  ) {}

  /** In order. */
  async shown(sql: Sql, rows: readonly AttachmentRow[]): Promise<AttachmentView[]> {
    const names = await this.vault.openMany(
      sql,
      rows.map(({ organizationId, uploadedBy, attachmentId, nameSealed }) => ({
        scope: { organizationId, subjectId: uploadedBy ?? null },
        context: contextOf(attachmentId, 'attachmentName'),
        sealed: nameSealed,
      })),
    );
    return rows.map(({ attachmentId, mediaType, size, sha256, uploadedBy, createdAt }, nth) => {
      const name = names[nth];
      return {
        ...{ attachmentId, mediaType, size, sha256: sha256 ?? '', uploadedBy: uploadedBy ?? null },
        name: name === undefined || isErased(name) ? null : name,
        createdAt: instant(createdAt).toISOString(),
      };
    });
  }

  /** What was being received is removed, unless it was stored by now. */
  async giveUp(id: BodyId): Promise<void> {
    const given = await this.database.asWorker((sql) =>
      sql.query(
        `update attachment set status = 'removing' where attachment_id = $1 and status = 'receiving' returning 1`,
        [id.attachmentId],
      ),
    );
    if (given.length > 0) await this.remove(id);
  }

  /** The body, and then the row: a process that is killed in between leaves a row that says what is to be done. */
  async remove(id: BodyId): Promise<void> {
    await this.bodies.remove(id);
    await this.database.asWorker((sql) =>
      sql.query(`delete from attachment where attachment_id = $1 and status = 'removing'`, [id.attachmentId]),
    );
  }
}
