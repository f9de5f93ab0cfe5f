import type { Caller } from '@vouchsafe/service-host';
import { callerFor } from '@vouchsafe/service-host';
import type { AttachmentView } from '../attachment/attachments.js';
import { fileName } from '../attachment/file-name.js';

/** Where an attachment is in an archive. A name that is erased, or that today's rules would refuse, is that of no file. */
export function pathOf({ attachmentId, name }: Pick<AttachmentView, 'attachmentId' | 'name'>): string {
  const isName = name !== null && fileName.safeParse(name).success;
  return `attachments/${attachmentId}/${isName ? name : 'file'}`;
}

export function callerOfOrganization(organizationId: string): Caller {
  return callerFor(organizationId, 'lifecycle');
}
