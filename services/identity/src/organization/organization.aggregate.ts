import { aggregate } from '@vouchsafe/event-store';
import { organization } from './organization.decider.js';
import { organizationEvents } from './organization.events.js';
import { organizationProjection } from './organization.projection.js';

export const organizationAggregate = aggregate({
  category: 'organization',
  catalog: organizationEvents,
  decider: organization,
  inline: [organizationProjection],
});
