import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { type Caller, organizationOf, permissions as everyPermission } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { Consents } from '../consent/consents.js';
import { Operator } from '../operator.js';
import { role } from '../permission/role.js';
import { readAccount } from './accounts.js';
import { documentKind } from './user.events.js';

export const me = z
  .strictObject({
    organization: z.strictObject({ organizationId: z.uuid(), name: z.string() }),
    user: z
      .strictObject({
        userId: z.uuid(),
        email: z.string().nullable(),
        name: z.string().nullable(),
        role,
        secondFactor: z.boolean().describe('Whether a second factor is enrolled'),
      })
      .nullable()
      .describe('The person; null for an API key'),
    permissions: z.array(z.enum(everyPermission)).describe('What the session or key may do now'),
    authenticationLevel: z
      .string()
      .describe(
        'How the caller authenticated: `single-factor`, `two-factor`, `api-key`, or `enrolment` while something is outstanding',
      ),
    outstanding: z
      .strictObject({
        enrolSecondFactor: z.boolean().describe('Enrol a second factor, which the organization requires'),
        acceptDocuments: z
          .array(
            z.strictObject({
              document: documentKind,
              version: z.string().describe('Version of the document, such as `2026-01`'),
            }),
          )
          .describe('Accept these documents'),
      })
      .describe('What the session must do before it can do anything else'),
  })
  .meta({ id: 'Me' });

@Injectable()
export class ReadMe {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly operator: Operator,
    private readonly consents: Consents,
  ) {}

  read(caller: Caller): Promise<z.infer<typeof me>> {
    const organizationId = organizationOf(caller);
    return this.database.forOrganization(organizationId, async (sql) => {
      const [organization] = await sql.query<{ name: string; second_factor_required: boolean }>(
        `select name, second_factor_required or exists (select from password where user_id = $1 and not good_alone)
           as second_factor_required
         from organization`,
        [caller.actor.id],
      );
      const isPerson = caller.actor.type === 'user';
      const account = isPerson ? await readAccount(this.vault, sql, caller.actor.id) : null;
      const missing = account ? await this.consents.outstanding(sql, account.userId) : [];
      const required = this.operator.requiresSecondFactor(
        organizationId,
        organization?.second_factor_required ?? false,
      );
      return {
        organization: { organizationId, name: organization?.name ?? '' },
        user: account && {
          userId: account.userId,
          email: account.email,
          name: account.name,
          role: account.role,
          secondFactor: account.secondFactor,
        },
        permissions: caller.permissions,
        authenticationLevel: caller.authenticationLevel,
        outstanding: {
          enrolSecondFactor: account !== null && required && !account.secondFactor,
          acceptDocuments: missing.map(({ document, version }) => ({ document, version })),
        },
      };
    });
  }
}
