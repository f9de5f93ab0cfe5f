import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '@vouchsafe/service-host';
import type { LifecycleConfig } from '../lifecycle.config.js';

/** The operator's own organization: its members run the system, so it never ends. */
@Injectable()
export class Operator {
  readonly organizationId: string;

  constructor(@Inject(CONFIG) config: Pick<LifecycleConfig, 'VOUCHSAFE_OPERATOR_ORGANIZATION_ID'>) {
    this.organizationId = config.VOUCHSAFE_OPERATOR_ORGANIZATION_ID;
  }

  is(organizationId: string): boolean {
    return organizationId === this.organizationId;
  }
}
