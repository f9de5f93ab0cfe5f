import { identityFacts, publication } from '@vouchsafe/contracts';
import { factBase, toFacts } from '../published.js';
import type { UserEvent } from './user.events.js';

export const userFacts = toFacts<UserEvent>({
  'user-registered': (event) =>
    publication(identityFacts.userRegistered, { ...factBase(event), ...event.data }),
  'email-verified': (event) =>
    publication(identityFacts.emailVerified, { ...factBase(event), ...event.data }),
  'user-renamed': (event) => publication(identityFacts.userRenamed, { ...factBase(event), ...event.data }),
  'consent-recorded': (event) => {
    const { organizationId, userId, document, version, sha256, sourceIp } = event.data;
    return publication(identityFacts.consentRecorded, {
      ...factBase(event),
      organizationId,
      userId,
      document,
      version,
      sha256,
      sourceIp,
    });
  },
  'password-changed': (event) =>
    publication(identityFacts.passwordChanged, { ...factBase(event), ...event.data }),
  'second-factor-enrolled': (event) =>
    publication(identityFacts.secondFactorEnrolled, { ...factBase(event), ...event.data }),
  'second-factor-removed': (event) =>
    publication(identityFacts.secondFactorRemoved, { ...factBase(event), ...event.data }),
  'recovery-codes-issued': (event) =>
    publication(identityFacts.recoveryCodesIssued, { ...factBase(event), ...event.data }),
  'recovery-code-used': (event) =>
    publication(identityFacts.recoveryCodeUsed, { ...factBase(event), ...event.data }),
});
