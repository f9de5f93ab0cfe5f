import { identityFacts, publication, serviceNames } from '@vouchsafe/contracts';
import { factBase, toFacts } from '../published.js';
import type { ErasureEvent } from './erasure.events.js';

export const erasureFacts = toFacts<ErasureEvent>({
  'subject-erasure-requested': (event) =>
    publication(identityFacts.subjectErasureRequested, { ...factBase(event), ...event.data }),
  // Receipts come as facts of the others; that they have arrived is this service's own matter.
  'erasure-receipt-received': () => null,
  'later-erasure-receipt-received': () => null,
  'subject-erasure-completed': (event) => {
    const said = { ...factBase(event), ...event.data };
    return [
      // For a reader that knows no other: the three that it knows.
      publication(identityFacts.subjectErasureCompletedV1, {
        ...said,
        services: ['gateway', 'identity', 'audit'],
      }),
      publication(identityFacts.subjectErasureCompleted, { ...said, services: [...serviceNames] }),
    ];
  },
});
