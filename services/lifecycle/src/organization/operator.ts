import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '@vouchsafe/service-host';
import type { LifecycleConfig } from '../lifecycle.config.js';

/** The operator's own organization: its members run the system, so it never ends. */
@Injectable()
export class Operator {
  constructor(
    @Inject(CONFIG) private readonly config: Pick<LifecycleConfig, 'VOUCHSAFE_OPERATOR_ORGANIZATION_ID'>,
  ) {}

  is(organizationId: string): boolean {
    return organizationId === this.config.VOUCHSAFE_OPERATOR_ORGANIZATION_ID;
  }
}
