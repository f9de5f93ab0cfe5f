import { Controller } from '@nestjs/common';
import { type DataOf, identityFacts } from '@vouchsafe/contracts';
import { type ReactionContext, ReactsTo, type Received } from '@vouchsafe/messaging';
import { Operator } from '../organization/operator.js';
import { OrganizationRow } from '../organization/organization.entity.js';
import { noteUncounted } from '../statistics/note-uncounted.js';

const named = [identityFacts.organizationRegistered, identityFacts.organizationRenamed];

/** Keeps the names of organizations, and notes those that are new. */
@Controller()
export class OrganizationsController {
  constructor(private readonly operator: Operator) {}

  @ReactsTo(named, { permission: 'organization:write' })
  async noteName(
    { data }: Received<DataOf<(typeof named)[number]>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    const { organizationId, name } = data;
    const entityManager = await transaction.entityManager();
    await entityManager.upsert(OrganizationRow, { organizationId, name });
  }

  @ReactsTo(identityFacts.organizationActivated, { permission: 'organization:write' })
  async noteActivated(
    { data, time }: Received<DataOf<typeof identityFacts.organizationActivated>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    const { organizationId } = data;
    if (!this.operator.is(organizationId))
      await noteUncounted(transaction, 'joined', { organizationId, at: time });
  }
}
