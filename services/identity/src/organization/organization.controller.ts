/** @promise P12 shows the share of members with a second factor, and lets an organization require one */
import { Body, Controller, Get, Headers, HttpCode, Inject, Patch, Res } from '@nestjs/common';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { Caller, etagOf, Operation, problem } from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { IDENTITY, type Identity } from '../identity.js';
import { assertRecentlyAuthenticated, envelopeOf, organizationOf } from '../request.js';
import { secondFactorRequired } from '../session/sessions.js';
import { organizationName } from '../sign-up/sign-up.js';
import { changeOrganization, organizationVersion } from './change-organization.js';
import type { OrganizationCommand } from './organization.decider.js';

const organization = z
  .strictObject({
    organizationId: z.uuid(),
    name: z.string(),
    /** A session without a second factor can do nothing but enrol one. */
    requireSecondFactor: z.boolean(),
  })
  .meta({ id: 'Organization' });
const change = z
  .strictObject({
    name: organizationName.optional(),
    requireSecondFactor: z.boolean().optional(),
  })
  .meta({ examples: [{ name: 'Analytical Engines', requireSecondFactor: true }] });

const overview = z
  .strictObject({
    members: z.int(),
    withSecondFactor: z.int(),
    /** 0 to 1 (P12). */
    share: z.number(),
    required: z.boolean(),
  })
  .meta({ id: 'SecurityOverview' });

@Controller('v1')
export class OrganizationController {
  constructor(@Inject(IDENTITY) private readonly identity: Identity) {}

  @Get('organization')
  @Operation({
    permission: 'organization:read',
    operation: 'organization.read',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'The organization',
    answers: { 200: organization },
    headers: ['ETag'],
  })
  read(
    @Caller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof organization>> {
    const envelope = envelopeOf(this.identity, caller);
    return this.identity.store.transact(organizationOf(caller), envelope, async (unit) => {
      const { state, version } = await this.load(unit);
      void reply.header('etag', etagOf(version));
      return {
        organizationId: state.organizationId,
        name: state.name,
        requireSecondFactor: secondFactorRequired(
          this.identity,
          state.organizationId,
          state.secondFactorRequired,
        ),
      };
    });
  }

  @Patch('organization')
  @HttpCode(204)
  @Operation({
    permission: 'organization:write',
    operation: 'organization.change',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'write',
    summary: 'Rename the organization, or require a second factor of its members (P12)',
    answers: { 204: null },
    headers: ['ETag'],
    problems: ['conflict', 'precondition-failed', 'step-up-required'],
  })
  async change(
    @Caller() caller: Caller,
    @Body({ schema: change }) { name, requireSecondFactor }: z.output<typeof change>,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Headers('if-match') ifMatch?: string,
  ): Promise<void> {
    assertRecentlyAuthenticated(this.identity, caller);
    const organizationId = organizationOf(caller);
    const commands: OrganizationCommand[] = [
      ...(name === undefined ? [] : [{ type: 'rename' as const, name }]),
      ...(requireSecondFactor === undefined
        ? []
        : [{ type: 'require-second-factor' as const, required: requireSecondFactor }]),
    ];
    const envelope = envelopeOf(this.identity, caller);
    const version = await this.identity.store.transact(organizationId, envelope, async (unit) => {
      let expected = ifMatch;
      let version = await organizationVersion(this.identity, unit);
      for (const command of commands) {
        ({ version } = await changeOrganization(this.identity, unit, command, expected));
        if (expected !== undefined) expected = etagOf(version);
      }
      return version;
    });
    void reply.header('etag', etagOf(version));
  }

  @Get('security-overview')
  @Operation({
    permission: 'security:read',
    operation: 'organization.read-security',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'How many members have a second factor (P12)',
    answers: { 200: overview },
  })
  securityOverview(@Caller() caller: Caller): Promise<z.infer<typeof overview>> {
    const organizationId = organizationOf(caller);
    return this.identity.database.forOrganization(organizationId, async (sql) => {
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
        required: secondFactorRequired(this.identity, organizationId, required),
      };
    });
  }

  private async load(unit: UnitOfWork) {
    const { state, version } = await unit.load(this.identity.aggregates.organization, unit.organizationId);
    if (state.status === 'absent') throw problem('not-found');
    return { state, version };
  }
}
