/**
 * @promise P30 what an organization gets back of identity: as the API shows it, without any secret (P22)
 * @promise P10 what a person gets a copy of: account, sessions, consents and what else identity has of them
 */
import { Injectable } from '@nestjs/common';
import { accessTable, onePage, returnedEntity } from '@vouchsafe/service-host';
import { apiKeyView, ListApiKeys } from './api-key/list-api-keys.js';
import { consentOfUser, ListConsents } from './consent/list-consents.js';
import { invitationView, ListInvitations } from './invitation/list-invitations.js';
import { ListMembers, memberView } from './member/list-members.js';
import { organizationView, ReadOrganization } from './organization/read-organization.js';
import { authenticatorView, ListAuthenticators } from './second-factor/list-authenticators.js';
import { ListSessions, sessionOfPerson } from './session/list-sessions.js';
import { accountOfPerson, ReadPerson } from './user/read-person.js';

@Injectable()
export class IdentityReturned {
  constructor(
    private readonly readOrganization: ReadOrganization,
    private readonly listMembers: ListMembers,
    private readonly listInvitations: ListInvitations,
    private readonly listApiKeys: ListApiKeys,
    private readonly listConsents: ListConsents,
    private readonly readPerson: ReadPerson,
    private readonly listSessions: ListSessions,
    private readonly listAuthenticators: ListAuthenticators,
  ) {}

  readonly organization = returnedEntity({
    ...{ name: 'organization', meaning: 'The organization and its settings' },
    ...{ row: organizationView, primaryKey: ['organizationId'] },
    page: async ({ caller }) => onePage([(await this.readOrganization.read(caller)).organization]),
  });

  readonly members = returnedEntity({
    ...{ name: 'members', meaning: 'The people who belong to the organization' },
    ...{ row: memberView, primaryKey: ['userId'] },
    page: ({ caller, limit, cursor }) => this.listMembers.list(caller, { limit, cursor }),
  });

  readonly invitations = returnedEntity({
    ...{ name: 'invitations', meaning: 'The people who were invited to the organization' },
    ...{ row: invitationView, primaryKey: ['invitationId'] },
    page: ({ caller, limit, cursor }) => this.listInvitations.list(caller, { limit, cursor }),
  });

  readonly apiKeys = returnedEntity({
    ...{ name: 'api-keys', meaning: 'The API keys, without what proves them' },
    ...{ row: apiKeyView, primaryKey: ['apiKeyId'] },
    page: ({ caller, limit, cursor }) => this.listApiKeys.list(caller, { limit, cursor }),
  });

  readonly consents = returnedEntity({
    ...{ name: 'consents', meaning: 'The legal documents that people accepted, those who have left, too' },
    ...{ row: consentOfUser, primaryKey: ['userId', 'document', 'version'] },
    page: ({ organizationId, limit, cursor }) => this.listConsents.listAll(organizationId, { limit, cursor }),
  });

  readonly ofPerson = {
    account: accessTable({
      ...{ name: 'account', meaning: 'Your account, and your role in the organization' },
      ...{ row: accountOfPerson, primaryKey: ['userId'], shows: ['account'] },
      page: async ({ organizationId, person }) =>
        onePage(await this.readPerson.account(organizationId, person.userId)),
    }),

    consents: accessTable({
      ...{ name: 'consents', meaning: 'The legal documents that you accepted' },
      ...{ row: consentOfUser, primaryKey: ['userId', 'document', 'version'], shows: ['consent'] },
      page: async ({ organizationId, person }) =>
        onePage(await this.listConsents.listOf(organizationId, person.userId)),
    }),

    sessions: accessTable({
      ...{ name: 'sessions', meaning: 'Your sessions; those that have ended are kept for 30 days' },
      ...{ row: sessionOfPerson, primaryKey: ['sessionId'], shows: ['session'] },
      page: ({ organizationId, person, limit, cursor }) =>
        this.listSessions.listOf(organizationId, person.userId, { limit, cursor }),
    }),

    authenticators: accessTable({
      ...{ name: 'authenticators', meaning: 'Your second factors, without their secrets' },
      ...{ row: authenticatorView, primaryKey: ['authenticatorId'], shows: ['authenticator'] },
      page: async ({ organizationId, person }) =>
        onePage(await this.listAuthenticators.listOf(organizationId, person.userId)),
    }),

    invitations: accessTable({
      ...{ name: 'invitations', meaning: 'The invitations that were sent to you' },
      ...{ row: invitationView, primaryKey: ['invitationId'], shows: ['invitation'] },
      page: ({ caller, person, limit, cursor }) =>
        this.listInvitations.list(caller, { limit, cursor }, person.subjects),
    }),

    apiKeys: accessTable({
      ...{ name: 'api-keys', meaning: 'The API keys that you created, without what proves them' },
      ...{ row: apiKeyView, primaryKey: ['apiKeyId'], shows: [] },
      page: ({ caller, person, limit, cursor }) =>
        this.listApiKeys.list(caller, { limit, cursor }, person.userId),
    }),
  };
}
