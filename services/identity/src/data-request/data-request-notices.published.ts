import { identityFacts, publication } from '@vouchsafe/contracts';
import { factBase, toFacts } from '../published.js';
import type { DataRequestNoticesEvent } from './data-request-notices.events.js';

export const dataRequestNoticesFacts = toFacts<DataRequestNoticesEvent>({
  'data-request-notice-sent': (event) =>
    publication(identityFacts.dataRequestNoticeSent, { ...factBase(event), ...event.data }),
  'subject-erasure-refused': (event) =>
    publication(identityFacts.subjectErasureRefused, { ...factBase(event), ...event.data }),
});
