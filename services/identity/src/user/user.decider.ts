/**
 * @promise P13 keeps the last second factor where one is required
 * @promise P15 (main) no account is registered without the consents that are required
 */
import { decider, type OrganizationId, unreachable, type UserId } from '@vouchsafe/event-sourcing';
import type { DocumentKind, UserEvent } from './user.events.js';

export type User =
  | { readonly status: 'absent' }
  | {
      readonly status: 'unverified' | 'verified';
      readonly organizationId: OrganizationId;
      readonly userId: UserId;
      /** Confirmed second factors. */
      readonly authenticators: ReadonlySet<string>;
      readonly accepted: ReadonlySet<string>;
    };

/** One document as it was shown and accepted (P15). */
export interface Acceptance {
  readonly document: DocumentKind;
  readonly version: string;
  readonly sha256: string;
}

export interface Consent {
  readonly accepted: readonly Acceptance[];
  readonly acceptedAt: Date;
  readonly sourceIp: string | null;
  readonly userAgent: string | null;
}

export type UserCommand =
  | {
      readonly type: 'register';
      readonly organizationId: OrganizationId;
      readonly userId: UserId;
      readonly email: string;
      readonly name: string;
      readonly consent: Consent;
      /** Documents that must be accepted today: no account without its consent records (P15). */
      readonly required: readonly Acceptance[];
      /** Through the link of an invitation: the email address is verified by it. */
      readonly emailVerified: boolean;
    }
  | { readonly type: 'verify-email' }
  | { readonly type: 'rename'; readonly name: string }
  | { readonly type: 'accept-documents'; readonly consent: Consent }
  | { readonly type: 'record-password-change'; readonly how: 'changed' | 'reset' }
  | {
      readonly type: 'enrol-second-factor';
      readonly authenticatorId: string;
      /** Recovery codes that were made with it; none when the person has codes already. */
      readonly recoveryCodes: number;
    }
  | {
      readonly type: 'remove-second-factor';
      readonly authenticatorId: string;
      readonly requiredByOrganization: boolean;
      /** Long enough without a second factor. */
      readonly passwordIsGoodAlone: boolean;
    }
  | { readonly type: 'issue-recovery-codes'; readonly count: number }
  | { readonly type: 'use-recovery-code'; readonly remaining: number };

export type UserRejection = {
  readonly rejected:
    | 'already-registered'
    | 'no-such-user'
    | 'consent-missing'
    | 'not-verified'
    | 'no-such-authenticator'
    | 'second-factor-required'
    | 'longer-password-required';
};

/** A person with an account in one organization. */
export const user = decider<User, UserCommand, UserEvent, UserRejection>({
  initial: { status: 'absent' },
  decide: (state, command) => {
    if (command.type === 'register') {
      return state.status === 'absent' ? register(command) : { rejected: 'already-registered' };
    }
    if (state.status === 'absent') return { rejected: 'no-such-user' };
    const who = { organizationId: state.organizationId, userId: state.userId };
    if (command.type === 'verify-email') {
      return state.status === 'verified' ? [] : [{ type: 'email-verified', data: who }];
    }
    if (state.status === 'unverified') return { rejected: 'not-verified' };
    switch (command.type) {
      case 'rename':
        return [{ type: 'user-renamed', data: { ...who, name: command.name } }];
      case 'accept-documents': {
        const fresh = command.consent.accepted.filter((one) => !state.accepted.has(keyOf(one)));
        return consentEvents(who, { ...command.consent, accepted: fresh });
      }
      case 'record-password-change':
        return [{ type: 'password-changed', data: { ...who, how: command.how } }];
      case 'enrol-second-factor': {
        const { authenticatorId, recoveryCodes } = command;
        if (state.authenticators.has(authenticatorId)) return [];
        const enrolled: UserEvent = {
          type: 'second-factor-enrolled',
          data: { ...who, authenticatorId, kind: 'totp' },
        };
        return recoveryCodes === 0
          ? [enrolled]
          : [enrolled, { type: 'recovery-codes-issued', data: { ...who, count: recoveryCodes } }];
      }
      case 'remove-second-factor': {
        const { authenticatorId, requiredByOrganization, passwordIsGoodAlone } = command;
        if (!state.authenticators.has(authenticatorId)) return { rejected: 'no-such-authenticator' };
        const last = state.authenticators.size === 1;
        if (last && requiredByOrganization) return { rejected: 'second-factor-required' };
        if (last && !passwordIsGoodAlone) return { rejected: 'longer-password-required' };
        return [{ type: 'second-factor-removed', data: { ...who, authenticatorId, kind: 'totp' } }];
      }
      case 'issue-recovery-codes':
        if (state.authenticators.size === 0) return { rejected: 'no-such-authenticator' };
        return [{ type: 'recovery-codes-issued', data: { ...who, count: command.count } }];
      case 'use-recovery-code':
        return [{ type: 'recovery-code-used', data: { ...who, remaining: command.remaining } }];
      default:
        return unreachable(command);
    }
  },
  evolve: (state, event) => {
    if (event.type === 'user-registered') {
      const { organizationId, userId } = event.data;
      return {
        status: 'unverified',
        organizationId,
        userId,
        authenticators: new Set(),
        accepted: new Set(),
      };
    }
    if (state.status === 'absent') return state;
    switch (event.type) {
      case 'email-verified':
        return { ...state, status: 'verified' };
      case 'consent-recorded':
        return { ...state, accepted: new Set(state.accepted).add(keyOf(event.data)) };
      case 'second-factor-enrolled':
        return {
          ...state,
          authenticators: new Set(state.authenticators).add(event.data.authenticatorId),
        };
      case 'second-factor-removed': {
        const authenticators = new Set(state.authenticators);
        authenticators.delete(event.data.authenticatorId);
        return { ...state, authenticators };
      }
      case 'user-renamed':
      case 'password-changed':
      case 'recovery-codes-issued':
      case 'recovery-code-used':
        return state;
      default:
        return unreachable(event);
    }
  },
});

function register(command: Extract<UserCommand, { type: 'register' }>): UserEvent[] | UserRejection {
  const { organizationId, userId, email, name, consent, required, emailVerified } = command;
  const given = new Set(consent.accepted.map(keyOf));
  if (!required.every((one) => given.has(keyOf(one)))) return { rejected: 'consent-missing' };
  const who = { organizationId, userId };
  return [
    { type: 'user-registered', data: { ...who, email, name } },
    ...consentEvents(who, consent),
    ...(emailVerified ? [{ type: 'email-verified', data: who } as const] : []),
  ];
}

function consentEvents(
  who: { organizationId: OrganizationId; userId: UserId },
  { accepted, acceptedAt, sourceIp, userAgent }: Consent,
): UserEvent[] {
  return accepted.map(({ document, version, sha256 }) => ({
    type: 'consent-recorded',
    data: { ...who, document, version, sha256, acceptedAt: acceptedAt.toISOString(), sourceIp, userAgent },
  }));
}

/** The text's hash belongs to what was accepted: a text changed under the same version is another text. */
function keyOf({ document, version, sha256 }: Acceptance): string {
  return `${document} ${version} ${sha256}`;
}
