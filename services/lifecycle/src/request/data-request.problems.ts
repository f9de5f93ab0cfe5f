import type { RejectionProblem } from '@vouchsafe/service-host';
import type { ArchivingRejection } from './archive-by-request.js';
import type { DecidingRejection } from './decide-request.js';
import type { ErasingRejection } from './erase-by-request.js';
import type { ReceivingRejection } from './receive-request.js';
import type { TransferringRejection } from './transfer-request.js';

type Rejection =
  ArchivingRejection | DecidingRejection | ErasingRejection | ReceivingRejection | TransferringRejection;

/** How each rejection is answered. */
export const dataRequestProblems = {
  'already-there': ['conflict', 'The request already exists'],
  'not-there': ['not-found', 'There is no such request'],
  'in-future': ['rejected', 'must not be in the future', '/receivedAt'],
  'wrong-state': ['conflict', 'The state of the request does not allow this'],
  'already-extended': ['conflict', 'The time was extended once already'],
  'first-month-over': ['conflict', 'The time can be extended within the first month only'],
  'no-account': [
    'conflict',
    'It is not known which account the request is about: state by hand what was done',
  ],
  'no-archive': ['conflict', 'Only a request for access or portability is answered by an archive'],
  'person-erased': [
    'conflict',
    'The data of the person is being erased, or was: state by hand what was done',
  ],
  purging: ['conflict', 'The data of the organization is being deleted'],
  held: ['conflict', 'A legal hold keeps this archive. It can be deleted when the hold is released'],
  'other-preview': ['conflict', 'There is a newer preview: read it, and approve that one'],
  'preview-changed': ['conflict', 'There is more data than when it was previewed: read the preview again'],
  'recipients-not-notified': [
    'conflict',
    'Whoever got the data must be told first (Article 19 GDPR), or that nobody got it',
  ],
  'lifting-not-announced': [
    'conflict',
    'The request’s closure lifts the restriction: announce it first (Article 18(3) GDPR)',
  ],
  'only-to-operator': [
    'rejected',
    'can only be left out: requests go from you to the operator',
    '/organizationId',
  ],
  'unknown-organization': ['rejected', 'is no organization', '/organizationId'],
  'already-here': ['conflict', 'The request is to your own organization'],
  'not-told': ['conflict', 'Whoever asked was not told of the outcome yet'],
  'for-others': ['forbidden', 'Only those with the permission requests:write can enter a request for others'],
  'unknown-person': ['rejected', 'is no current or former member of the organization', '/userId'],
  'no-contact': ['rejected', 'is required where no account is known', '/email'],
  'only-from-outside': [
    'rejected',
    'can only be named without a session: a member’s request goes to their organization',
    '/organizationId',
  ],
  'last-owner': ['conflict', 'The person is the only owner: another owner must be named first'],
  'already-requested': [
    'conflict',
    'The erasure of this person was requested in another way: state by hand what was done',
  ],
  'approve-instead': ['conflict', 'This erasure is carried out by approving its preview'],
} as const satisfies Record<Rejection['rejected'], RejectionProblem>;
