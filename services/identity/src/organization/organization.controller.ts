/** @promise P12 shows the share of members with a second factor, and lets an organization require one */
import { Body, Controller, Get, Headers, HttpCode, Patch, Res } from '@nestjs/common';
import { accepted, Caller, etagOf, Operation } from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { ChangeOrganization, organizationChange, type OrganizationChange } from './change-organization.js';
import { organizationProblems } from './organization.problems.js';
import { organizationView, ReadOrganization } from './read-organization.js';
import { ReadSecurityOverview, securityOverview } from './read-security-overview.js';

@Controller('v1')
export class OrganizationController {
  constructor(
    private readonly readOrganization: ReadOrganization,
    private readonly changeOrganization: ChangeOrganization,
    private readonly readSecurityOverview: ReadSecurityOverview,
  ) {}

  @Get('organization')
  @Operation({
    permission: 'organization:read',
    operation: 'organization.read',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'The organization',
    answers: { 200: organizationView },
    headers: ['ETag'],
  })
  async read(
    @Caller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof organizationView>> {
    const { version, organization } = await this.readOrganization.read(caller);
    void reply.header('etag', etagOf(version));
    return organization;
  }

  @Patch('organization')
  @HttpCode(204)
  @Operation({
    permission: 'organization:write',
    operation: 'organization.change',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'write',
    summary: 'Rename the organization, or require a second factor of its members',
    answers: { 204: null },
    headers: ['ETag'],
    problems: ['conflict', 'precondition-failed', 'step-up-required'],
  })
  async change(
    @Caller() caller: Caller,
    @Body({ schema: organizationChange }) body: OrganizationChange,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Headers('if-match') ifMatch?: string,
  ): Promise<void> {
    const changed = await this.changeOrganization.change(caller, body, ifMatch);
    void reply.header('etag', etagOf(accepted(changed, organizationProblems).version));
  }

  @Get('security-overview')
  @Operation({
    permission: 'security:read',
    operation: 'organization.read-security',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'How many members have a second factor',
    answers: { 200: securityOverview },
  })
  securityOverview(@Caller() caller: Caller): Promise<z.infer<typeof securityOverview>> {
    return this.readSecurityOverview.read(caller);
  }
}
