import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { type Caller, organizationOf } from '@vouchsafe/service-host';
import { z } from 'zod';
import { Operator } from '../operator.js';

export const securityOverview = z
  .strictObject({
    members: z.int().describe('How many members the organization has'),
    withSecondFactor: z.int().describe('How many of them have a second factor'),
    share: z.number().describe('The share of members with a second factor, from 0 to 1'),
    required: z.boolean().describe('Whether the organization requires a second factor'),
  })
  .meta({ id: 'SecurityOverview' });

@Injectable()
export class ReadSecurityOverview {
  constructor(
    private readonly database: Database,
    private readonly operator: Operator,
  ) {}

  read(caller: Caller): Promise<z.infer<typeof securityOverview>> {
    const organizationId = organizationOf(caller);
    return this.database.forOrganization(organizationId, async (sql) => {
      const [row] = await sql.query<{ members: number; enrolled: number; required: boolean }>(
        `select count(*)::int as members,
           count(*) filter (where exists (
             select from authenticator a where a.user_id = m.user_id and a.enrolled_at is not null))::int as enrolled,
           bool_or(o.second_factor_required) as required
         from member m join organization o using (organization_id)`,
      );
      const { members, enrolled, required } = row ?? { members: 0, enrolled: 0, required: false };
      return {
        members,
        withSecondFactor: enrolled,
        share: members === 0 ? 0 : enrolled / members,
        required: this.operator.requiresSecondFactor(organizationId, required),
      };
    });
  }
}
