import { Controller } from '@nestjs/common';
import { type DataOf, identityFacts } from '@vouchsafe/contracts';
import { type ReactionContext, ReactsTo, type Received } from '@vouchsafe/messaging';
import { OrganizationRow } from '../organization/organization.entity.js';

const named = [identityFacts.organizationRegistered, identityFacts.organizationRenamed];

/** Keeps the names of organizations. */
@Controller()
export class OrganizationsController {
  @ReactsTo(named, { permission: 'organization:write' })
  async noteName(
    { data }: Received<DataOf<(typeof named)[number]>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    const { organizationId, name } = data;
    const entityManager = await transaction.entityManager();
    await entityManager.upsert(OrganizationRow, { organizationId, name });
  }
}
