import { defineEntity, type InferEntity, p } from '@mikro-orm/core';

const time = () => p.string().columnType('timestamptz');

export const attachmentStatuses = ['receiving', 'stored', 'removing'] as const;

/**
 * The register of attachments. A row is there before its body, and goes after it: what is in the store of bodies and in no row
 * belongs to nobody.
 */
export const AttachmentRow = defineEntity({
  name: 'Attachment',
  tableName: 'attachment',
  properties: {
    organizationId: p.uuid(),
    attachmentId: p.uuid().primary(),
    status: p.text().$type<(typeof attachmentStatuses)[number]>(),
    /** Sealed by the key of `uploadedBy`, or the organization's. */
    nameSealed: p.text(),
    /** As it was declared. */
    mediaType: p.text(),
    /** In bytes; while it is being received, what is set aside for it of the organization's quota. */
    size: p.bigint('number'),
    /** Of the bytes as they came, in hexadecimal digits; null while they are being received. */
    sha256: p.text().nullable(),
    /** The key of its body alone, sealed by the organization's. */
    keySealed: p.text().lazy(),
    uploadedBy: p.uuid().nullable(),
    createdAt: time(),
    /** When the body is removed, unless it was stored by then; null for what is stored. */
    dueAt: time().nullable(),
  },
  uniques: [
    {
      name: 'attachment_organization_id_created_at_attachment_id_key',
      properties: ['organizationId', 'createdAt', 'attachmentId'],
    },
  ],
  indexes: [{ name: 'attachment_due_at', properties: ['dueAt'] }],
});
export type AttachmentRow = InferEntity<typeof AttachmentRow>;
