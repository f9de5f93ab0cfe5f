import { aggregate } from '@vouchsafe/event-store';
import { account } from './account.decider.js';
import { accountEvents } from './account.events.js';

export const accountAggregate = aggregate({ category: 'account', catalog: accountEvents, decider: account });
