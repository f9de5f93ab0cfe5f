import { decider, type OrganizationId, unreachable } from '@vouchsafe/event-sourcing';
import type { AttachmentEvent } from './attachment.events.js';

export type Attachment =
  | { readonly status: 'absent' | 'deleted' }
  | { readonly status: 'stored'; readonly organizationId: OrganizationId; readonly attachmentId: string };

export type AttachmentCommand =
  | {
      readonly type: 'store';
      readonly stored: Extract<AttachmentEvent, { type: 'attachment-stored' }>['data'];
    }
  | { readonly type: 'delete' };

export type AttachmentRejection = { readonly rejected: 'already-stored' | 'not-stored' };

export const attachment = decider<Attachment, AttachmentCommand, AttachmentEvent, AttachmentRejection>({
  initial: { status: 'absent' },
  decide: (state, command) => {
    switch (command.type) {
      case 'store':
        if (state.status !== 'absent') return { rejected: 'already-stored' };
        return [{ type: 'attachment-stored', data: command.stored }];
      case 'delete': {
        if (state.status !== 'stored') return { rejected: 'not-stored' };
        const { organizationId, attachmentId } = state;
        return [{ type: 'attachment-deleted', data: { organizationId, attachmentId } }];
      }
      default:
        return unreachable(command);
    }
  },
  evolve: (_, event) => {
    switch (event.type) {
      case 'attachment-stored': {
        const { organizationId, attachmentId } = event.data;
        return { status: 'stored', organizationId, attachmentId };
      }
      case 'attachment-deleted':
        return { status: 'deleted' };
      default:
        return unreachable(event);
    }
  },
});
