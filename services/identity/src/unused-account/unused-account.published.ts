import { identityFacts, publication } from '@vouchsafe/contracts';
import { factBase, toFacts } from '../published.js';
import type { UnusedAccountEvent } from './unused-account.events.js';

export const unusedAccountFacts = toFacts<UnusedAccountEvent>({
  'unused-account-warned': (event) =>
    publication(identityFacts.unusedAccountWarned, { ...factBase(event), ...event.data }),
  'unused-account-erasure-begun': (event) =>
    publication(identityFacts.unusedAccountErasureBegun, { ...factBase(event), ...event.data }),
});
