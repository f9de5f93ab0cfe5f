import { identityFacts, publication } from '@vouchsafe/contracts';
import { factBase, toFacts } from '../published.js';
import { type ErasureEvent, erasingServices } from './erasure.events.js';

export const erasureFacts = toFacts<ErasureEvent>({
  'subject-erasure-requested': (event) =>
    publication(identityFacts.subjectErasureRequested, { ...factBase(event), ...event.data }),
  // Receipts come as facts of the others; that they have arrived is this service's own matter.
  'erasure-receipt-received': () => null,
  'subject-erasure-completed': (event) =>
    publication(identityFacts.subjectErasureCompleted, {
      ...factBase(event),
      ...event.data,
      services: [...erasingServices],
    }),
});
