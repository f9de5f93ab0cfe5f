import { decider, type OrganizationId, unreachable, type UserId } from '@vouchsafe/event-sourcing';
import type { ApiKeyEvent } from './api-key.events.js';

export type ApiKey =
  | { readonly status: 'absent' | 'revoked' }
  | { readonly status: 'live'; readonly organizationId: OrganizationId; readonly apiKeyId: string };

export type ApiKeyCommand =
  | {
      readonly type: 'create';
      readonly organizationId: OrganizationId;
      readonly apiKeyId: string;
      readonly createdBy: UserId;
      readonly name: string;
      readonly scopes: readonly string[];
      /** What the creator may do: a key never may more (P02). */
      readonly creatorMay: readonly string[];
      readonly expiresAt: Date | null;
      /** Of the audit entries that it submits; whoever may make keys may name one that another key carries. */
      readonly source: string;
      /** The key of the same organization whose source it takes over. */
      readonly replaces: string | null;
      readonly at: Date;
    }
  | { readonly type: 'revoke'; readonly reason: 'revoked' | 'creator-removed' };

export type ApiKeyRejection = {
  readonly rejected: 'already-created' | 'scope-beyond-creator' | 'expires-in-the-past' | 'not-live';
};

export const apiKey = decider<ApiKey, ApiKeyCommand, ApiKeyEvent, ApiKeyRejection>({
  initial: { status: 'absent' },
  decide: (state, command) => {
    switch (command.type) {
      case 'create': {
        if (state.status !== 'absent') return { rejected: 'already-created' };
        const { organizationId, apiKeyId, createdBy, name, scopes, creatorMay, expiresAt, at } = command;
        const { source, replaces } = command;
        if (!scopes.every((scope) => creatorMay.includes(scope))) return { rejected: 'scope-beyond-creator' };
        if (expiresAt && expiresAt <= at) return { rejected: 'expires-in-the-past' };
        return [
          {
            type: 'api-key-created',
            data: {
              organizationId,
              apiKeyId,
              createdBy,
              name,
              scopes: [...new Set(scopes)],
              expiresAt: expiresAt?.toISOString() ?? null,
              ...{ source, replaces },
            },
          },
        ];
      }
      case 'revoke': {
        if (state.status !== 'live') return { rejected: 'not-live' };
        const { organizationId, apiKeyId } = state;
        return [{ type: 'api-key-revoked', data: { organizationId, apiKeyId, reason: command.reason } }];
      }
      default:
        return unreachable(command);
    }
  },
  evolve: (_, event) => {
    switch (event.type) {
      case 'api-key-created':
        return {
          status: 'live',
          organizationId: event.data.organizationId,
          apiKeyId: event.data.apiKeyId,
        };
      case 'api-key-revoked':
        return { status: 'revoked' };
      default:
        return unreachable(event);
    }
  },
});
