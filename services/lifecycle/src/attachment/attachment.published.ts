import { type Fact, factOf, lifecycleFacts } from '@vouchsafe/contracts';
import { unreachable } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { AttachmentEvent } from './attachment.events.js';

export function publishAttachment(event: RecordedEvent<AttachmentEvent>): readonly Fact[] {
  const { type } = event;
  switch (type) {
    case 'attachment-stored':
      return factOf(lifecycleFacts.attachmentStored, event);
    case 'attachment-deleted':
      return factOf(lifecycleFacts.attachmentDeleted, event);
    default:
      return unreachable(type);
  }
}
