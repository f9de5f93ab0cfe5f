/** @promise P03, P04, P18 shows for how long what is kept, and what happens to it then */
import { Controller, Get, Param } from '@nestjs/common';
import { Operation, problem } from '@vouchsafe/service-host';
import { z } from 'zod';
import {
  ReadRetentionPolicies,
  retentionPolicyView,
  type RetentionPolicyView,
} from './read-retention-policies.js';

const path = z.strictObject({ id: z.string().min(1).max(100) });
const list = z.strictObject({ items: z.array(retentionPolicyView) });

@Controller('v1/lifecycle/retention-policies')
export class RetentionPolicyController {
  constructor(private readonly policies: ReadRetentionPolicies) {}

  @Get()
  @Operation({
    permission: 'security:read',
    operation: 'retention-policy.list',
    entity: { type: 'retention-policy', id: null },
    effect: 'read',
    summary: 'The retention policies that this system carries out: for how long what is kept, and why',
    answers: { 200: list },
  })
  list(): z.infer<typeof list> {
    return { items: [...this.policies.list()] };
  }

  @Get(':id')
  @Operation({
    permission: 'security:read',
    operation: 'retention-policy.read',
    entity: { type: 'retention-policy', id: 'path.id' },
    effect: 'read',
    summary: 'A retention policy',
    answers: { 200: retentionPolicyView },
    problems: ['not-found'],
  })
  read(@Param({ schema: path }) { id }: z.infer<typeof path>): RetentionPolicyView {
    const policy = this.policies.read(id);
    if (!policy) throw problem('not-found', { detail: 'There is no such retention policy' });
    return policy;
  }
}
