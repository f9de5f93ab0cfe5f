/** @promise P13 (main) staff sessions need a second factor, and are short */
import { Inject, Injectable } from '@nestjs/common';
import type { OrganizationId } from '@vouchsafe/event-sourcing';
import { CONFIG } from '@vouchsafe/service-host';
import type { IdentityConfig } from './identity.config.js';

/** Minutes without a request, and minutes in all (ASVS 7.3.1, 7.3.2; NIST SP 800-63B-4 section 2.2.3; staff: P13). */
const sessionMinutes = {
  customer: { idle: 60, absolute: 24 * 60 },
  staff: { idle: 15, absolute: 12 * 60 },
} as const;

/** The operator's own organization: its members are staff, and what belongs to no customer stands in its log. */
@Injectable()
export class Operator {
  readonly organizationId: OrganizationId;

  constructor(@Inject(CONFIG) config: Pick<IdentityConfig, 'VOUCHSAFE_OPERATOR_ORGANIZATION_ID'>) {
    this.organizationId = config.VOUCHSAFE_OPERATOR_ORGANIZATION_ID as OrganizationId;
  }

  /** Staff always (P13), and the members of an organization that says so. */
  requiresSecondFactor(organizationId: string, byOrganization: boolean): boolean {
    return byOrganization || organizationId === this.organizationId;
  }

  sessionMinutes(organizationId: string) {
    return organizationId === this.organizationId ? sessionMinutes.staff : sessionMinutes.customer;
  }
}
