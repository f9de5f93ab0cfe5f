import { identityFacts } from '@vouchsafe/contracts';
import { type Publishing, publishing } from '@vouchsafe/event-store';
import { receiptPublishing, sealingPublishing, settledPublishing } from '@vouchsafe/service-host';
import { apiKeyEvents } from './api-key/api-key.events.js';
import { apiKeyFacts } from './api-key/api-key.published.js';
import { dataRequestNoticesEvents } from './data-request/data-request-notices.events.js';
import { dataRequestNoticesFacts } from './data-request/data-request-notices.published.js';
import { erasureEvents } from './erasure/erasure.events.js';
import { erasureFacts } from './erasure/erasure.published.js';
import { invitationEvents } from './invitation/invitation.events.js';
import { invitationFacts } from './invitation/invitation.published.js';
import { organizationEvents } from './organization/organization.events.js';
import { organizationFacts } from './organization/organization.published.js';
import { logInEvents, sessionEvents } from './session/session.events.js';
import { logInFacts, sessionFacts } from './session/session.published.js';
import { terminationNoticesEvents } from './termination/termination-notices.events.js';
import { terminationNoticesFacts } from './termination/termination-notices.published.js';
import { unusedAccountEvents } from './unused-account/unused-account.events.js';
import { unusedAccountFacts } from './unused-account/unused-account.published.js';
import { userEvents } from './user/user.events.js';
import { userFacts } from './user/user.published.js';

/** Every catalog of the service, and what is published of it. */
export const identityPublishing: readonly Publishing[] = [
  publishing(organizationEvents, organizationFacts),
  publishing(userEvents, userFacts),
  publishing(sessionEvents, sessionFacts),
  publishing(logInEvents, logInFacts),
  publishing(invitationEvents, invitationFacts),
  publishing(apiKeyEvents, apiKeyFacts),
  publishing(erasureEvents, erasureFacts),
  publishing(unusedAccountEvents, unusedAccountFacts),
  publishing(terminationNoticesEvents, terminationNoticesFacts),
  publishing(dataRequestNoticesEvents, dataRequestNoticesFacts),
  ...receiptPublishing(identityFacts),
  settledPublishing(identityFacts.deadLetterSettled),
  sealingPublishing(identityFacts.valuesSealed),
];
