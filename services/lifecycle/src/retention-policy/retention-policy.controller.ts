/** @promise P03, P04, P18 shows for how long what is kept, and what happens to it then */
import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { accepted, Caller, Operation, problem, type RejectionProblem } from '@vouchsafe/service-host';
import { z } from 'zod';
import {
  PreviewPolicy,
  previewQuestion,
  type PreviewQuestion,
  type PreviewRejection,
  retentionPreview,
  type RetentionPreview,
} from './preview-policy.js';
import {
  ReadRetentionPolicies,
  retentionPolicyView,
  type RetentionPolicyView,
} from './read-retention-policies.js';

const path = z.strictObject({ id: z.string().min(1).max(100) });
const list = z.strictObject({ items: z.array(retentionPolicyView) });

/** How each rejection is answered. */
const problems = {
  'unknown-policy': ['not-found', 'There is no such retention policy'],
  'not-counted': ['rejected', 'What this policy removes is not counted by organization'],
  'no-setting': ['rejected', 'The period of this policy cannot be set in months', '/months'],
  'out-of-bounds': [
    'rejected',
    'must not be longer than the period that is carried out, nor shorter than `floor`',
    '/months',
  ],
} as const satisfies Record<PreviewRejection['rejected'], RejectionProblem>;

@Controller('v1/lifecycle/retention-policies')
export class RetentionPolicyController {
  constructor(
    private readonly policies: ReadRetentionPolicies,
    private readonly previewPolicy: PreviewPolicy,
  ) {}

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

  @Post(':id/preview')
  @HttpCode(200)
  @Operation({
    permission: 'security:read',
    operation: 'retention-policy.preview',
    entity: { type: 'retention-policy', id: 'path.id' },
    effect: 'read',
    summary:
      'Count what a retention policy would remove of the organization by a time, or by a shorter period',
    description: 'Of the policies `audit-log` and `return-archives`. Nothing is removed or changed.',
    answers: { 200: retentionPreview },
    problems: ['not-found', 'rejected', 'unavailable'],
  })
  async preview(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
    @Body({ schema: previewQuestion }) question: PreviewQuestion,
  ): Promise<RetentionPreview> {
    return accepted(await this.previewPolicy.preview(caller, id, question), problems);
  }
}
