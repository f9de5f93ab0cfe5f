/** @promise P30 what an organization gets back of identity: as the API shows it, without any secret (P22) */
import { Injectable } from '@nestjs/common';
import { onePage, returnedEntity } from '@vouchsafe/service-host';
import { apiKeyView, ListApiKeys } from './api-key/list-api-keys.js';
import { consentOfUser, ListConsents } from './consent/list-consents.js';
import { invitationView, ListInvitations } from './invitation/list-invitations.js';
import { ListMembers, memberView } from './member/list-members.js';
import { organizationView, ReadOrganization } from './organization/read-organization.js';

@Injectable()
export class IdentityReturned {
  constructor(
    private readonly readOrganization: ReadOrganization,
    private readonly listMembers: ListMembers,
    private readonly listInvitations: ListInvitations,
    private readonly listApiKeys: ListApiKeys,
    private readonly listConsents: ListConsents,
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
}
