import { Body, Controller, Delete, Get, HttpCode, Inject, Patch } from '@nestjs/common';
import { Caller, Operation, permissions as everyPermission } from '@vouchsafe/service-host';
import { z } from 'zod';
import { outstandingDocuments } from '../consent/consents.js';
import { IDENTITY, type Identity } from '../identity.js';
import { removeMember } from '../member/members.js';
import { role } from '../permission/role.js';
import { accepted, envelopeOf, organizationOf, principalOf } from '../request.js';
import { secondFactorRequired } from '../session/sessions.js';
import { personName } from '../sign-up/sign-up.js';
import { documentKind } from './user.events.js';
import { readAccount } from './accounts.js';
import { userProblems } from './user.problems.js';

const me = z
  .strictObject({
    organization: z.strictObject({ organizationId: z.uuid(), name: z.string() }),
    /** `null` for an API key. */
    user: z
      .strictObject({
        userId: z.uuid(),
        email: z.string().nullable(),
        name: z.string().nullable(),
        role,
        secondFactor: z.boolean(),
      })
      .nullable(),
    permissions: z.array(z.enum(everyPermission)),
    authenticationLevel: z.string(),
    /** What this session must do before it can do anything else. */
    outstanding: z.strictObject({
      enrolSecondFactor: z.boolean(),
      acceptDocuments: z.array(z.strictObject({ document: documentKind, version: z.string() })),
    }),
  })
  .meta({ id: 'Me' });

const rename = z.strictObject({ name: personName }).meta({ examples: [{ name: 'Ada King' }] });

@Controller('v1/me')
export class MeController {
  constructor(@Inject(IDENTITY) private readonly identity: Identity) {}

  @Get()
  @Operation({
    permission: 'session',
    operation: 'me.read',
    entity: { type: 'user', id: 'caller.actorId' },
    effect: 'read',
    summary: 'Who the caller is, and what they may do',
    answers: { 200: me },
    keys: true,
  })
  read(@Caller() caller: Caller): Promise<z.infer<typeof me>> {
    const organizationId = organizationOf(caller);
    return this.identity.database.forOrganization(organizationId, async (sql) => {
      const [organization] = await sql.query<{ name: string; second_factor_required: boolean }>(
        `select name, second_factor_required or exists (select from password where user_id = $1 and not good_alone)
           as second_factor_required
         from organization`,
        [caller.actor.id],
      );
      const isPerson = caller.actor.type === 'user';
      const account = isPerson ? await readAccount(this.identity, sql, caller.actor.id) : null;
      const missing = account ? await outstandingDocuments(this.identity, sql, account.userId) : [];
      const required = secondFactorRequired(
        this.identity,
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

  @Patch()
  @HttpCode(204)
  @Operation({
    permission: 'self',
    operation: 'me.rename',
    entity: { type: 'user', id: 'caller.actorId' },
    effect: 'write',
    summary: 'Change the name that others see',
    answers: { 204: null },
  })
  async rename(
    @Caller() caller: Caller,
    @Body({ schema: rename }) { name }: z.output<typeof rename>,
  ): Promise<void> {
    const { organizationId, userId } = principalOf(caller);
    await this.identity.store.transact(organizationId, envelopeOf(this.identity, caller), async (unit) =>
      accepted(
        await unit.execute(this.identity.aggregates.user, userId, { type: 'rename', name }),
        userProblems,
      ),
    );
  }

  @Delete()
  @HttpCode(204)
  @Operation({
    permission: 'self',
    operation: 'me.leave',
    entity: { type: 'user', id: 'caller.actorId' },
    effect: 'write',
    summary: 'Leave the organization; its last owner cannot',
    answers: { 204: null },
    problems: ['conflict', 'step-up-required'],
  })
  async leave(@Caller() caller: Caller): Promise<void> {
    await removeMember(this.identity, caller, principalOf(caller).userId, undefined);
  }
}
