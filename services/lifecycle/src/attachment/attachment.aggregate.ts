import { aggregate } from '@vouchsafe/event-store';
import { attachment } from './attachment.decider.js';
import { attachmentEvents } from './attachment.events.js';

export const attachmentAggregate = aggregate({
  category: 'attachment',
  catalog: attachmentEvents,
  decider: attachment,
  inline: [],
});
