import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { type Caller, Clock, CONFIG, organizationOf } from '@vouchsafe/service-host';
import type { LifecycleConfig } from '../lifecycle.config.js';
import { Operator } from '../organization/operator.js';
import { OrganizationRow } from '../organization/organization.entity.js';
import { ReadRetentionPolicies } from '../retention-policy/read-retention-policies.js';
import { makeRecord, type ProcessingRecord } from './make-record.js';
import { type ProcessingSettings, readProcessingSettings } from './processing-settings.js';

@Injectable()
export class ReadProcessingRecord {
  private readonly settings: ProcessingSettings;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly operator: Operator,
    private readonly policies: ReadRetentionPolicies,
    @Inject(CONFIG) config: Pick<LifecycleConfig, 'VOUCHSAFE_PROCESSING_RECORD_FILE'>,
  ) {
    this.settings = readProcessingSettings(config.VOUCHSAFE_PROCESSING_RECORD_FILE);
  }

  /** The operator's organization reads its record as controller; every other one what the operator does as its processor. */
  async read(caller: Caller): Promise<ProcessingRecord> {
    const organizationId = organizationOf(caller);
    const { policies, settings } = this;
    return makeRecord({
      inventory: policies.inventory,
      policies: policies.list(),
      settings,
      madeAt: this.clock.now(),
      onBehalfOf: this.operator.is(organizationId)
        ? null
        : { organizationId, name: await this.nameOf(organizationId) },
    });
  }

  private nameOf(organizationId: string): Promise<string | null> {
    return this.database.forOrganization(organizationId, async (transaction) => {
      const entityManager = await transaction.entityManager();
      const known = await entityManager.findOne(OrganizationRow, { organizationId });
      return known?.name ?? null;
    });
  }
}
