import { Body, Controller, Headers, Post } from '@nestjs/common';
import { Caller, Operation } from '@vouchsafe/service-host';
import type { z } from 'zod';
import { ordered, orderProblems } from '../intent/intent.problems.js';
import { urlNotAllowed } from '../stripe/return-url.js';
import { CreatePortalSession, newPortalSession, portalSession } from './create-portal-session.js';

/** How each rejection is answered. */
const problems = {
  ...orderProblems,
  'url-not-allowed': [...urlNotAllowed, '/returnUrl'],
} as const;

@Controller('v1/billing/portal-sessions')
export class PortalController {
  constructor(private readonly createSession: CreatePortalSession) {}

  @Post()
  @Operation({
    permission: 'billing:write',
    operation: 'portal-session.create',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'write',
    summary: 'Open Stripe’s customer portal',
    answers: { 201: portalSession },
    problems: ['not-found', 'conflict', 'gone', 'rejected', 'unavailable', 'outcome-unknown'],
    problemHeaders: ['Retry-After'],
    idempotent: true,
  })
  async create(
    @Caller() caller: Caller,
    @Body({ schema: newPortalSession }) body: z.output<typeof newPortalSession>,
    @Headers('idempotency-key') key?: string,
  ): Promise<z.infer<typeof portalSession>> {
    return ordered(await this.createSession.create(caller, body, key), problems);
  }
}
