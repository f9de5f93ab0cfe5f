import { identityFacts, publication } from '@vouchsafe/contracts';
import { factBase, toFacts } from '../published.js';
import type { TerminationNoticesEvent } from './termination-notices.events.js';

export const terminationNoticesFacts = toFacts<TerminationNoticesEvent>({
  'termination-notice-sent': (event) =>
    publication(identityFacts.terminationNoticeSent, { ...factBase(event), ...event.data }),
});
