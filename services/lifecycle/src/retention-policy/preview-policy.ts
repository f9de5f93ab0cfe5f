/** @promise P03, P04 counts what a retention policy would remove of an organization, before anything goes */
import { Inject, Injectable } from '@nestjs/common';
import { isRetentionPolicy, isServiceName, type ServiceName } from '@vouchsafe/contracts';
import {
  type Caller,
  Clock,
  CONFIG,
  type ExpiringStore,
  expiringStores,
  expiry,
  InternalClient,
  InternalRequestError,
  organizationOf,
  problem,
  type RetentionQuestion,
  urlVariable,
} from '@vouchsafe/service-host';
import { z } from 'zod';
import type { LifecycleConfig } from '../lifecycle.config.js';
import { duration, ReadRetentionPolicies, type RetentionPolicyView } from './read-retention-policies.js';

const TIMEOUT_MS = 20_000;

export const previewQuestion = z
  .strictObject({
    at: expiry.optional().describe('By when; now, where it is left out. Only what is there now is counted'),
    months: z
      .int()
      .positive()
      .max(1200)
      .optional()
      .describe(
        'A shorter period than the one that is carried out, of a policy that has a setting; nothing is changed by asking',
      ),
  })
  .meta({ id: 'RetentionPreviewQuestion', examples: [{ at: '2027-12-31T00:00:00Z', months: 6 }] });
export type PreviewQuestion = z.output<typeof previewQuestion>;

export const retentionPreview = z
  .strictObject({
    policyId: z.string(),
    at: z.iso.datetime().describe('By when'),
    period: duration.nullable().describe('By which period'),
    stores: z
      .array(
        z.strictObject({
          service: z.string().describe('The service that keeps the data'),
          store: z.string().describe('Which of its stores'),
          records: z.int().describe('How many records of the organization would be removed by then'),
          isHeld: z
            .boolean()
            .describe('Whether a legal hold keeps them: none is removed before it is released'),
        }),
      )
      .describe('What the policy would remove, store by store'),
  })
  .meta({ id: 'RetentionPreview' });
export type RetentionPreview = z.infer<typeof retentionPreview>;

export interface PreviewRejection {
  readonly rejected: 'unknown-policy' | 'not-counted' | 'no-setting' | 'out-of-bounds';
}

@Injectable()
export class PreviewPolicy {
  constructor(
    private readonly policies: ReadRetentionPolicies,
    private readonly client: InternalClient,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: LifecycleConfig,
  ) {}

  /** Each service of the policy is asked for what it has of the organization. */
  async preview(
    caller: Caller,
    policyId: string,
    { at = this.clock.now().toISOString(), months }: PreviewQuestion,
  ): Promise<RetentionPreview | PreviewRejection> {
    const policy = this.policies.read(policyId);
    if (!policy || !isRetentionPolicy(policyId)) return { rejected: 'unknown-policy' };
    if (months !== undefined) {
      const refused = refusalOf(policy, months);
      if (refused) return { rejected: refused };
    }
    const question = { organizationId: organizationOf(caller), policyId, at, months: months ?? null };
    const answers = await Promise.all(
      policy.services.filter(isServiceName).map(async (service) => {
        const stores = await this.ask(service, question);
        return stores.map((one) => ({ service, ...one }));
      }),
    );
    const stores = answers.flat();
    if (stores.length === 0) return { rejected: 'not-counted' };
    return { policyId, at, period: months === undefined ? policy.period : `P${months}M`, stores };
  }

  /** A service that does not answer is no zero. */
  private async ask(service: ServiceName, body: RetentionQuestion): Promise<ExpiringStore[]> {
    try {
      const { stores } = await this.client.ask({
        ...{ audience: service, origin: this.config[urlVariable(service)], timeoutMs: TIMEOUT_MS },
        ...{ method: 'POST', path: '/internal/retention-previews', body, answer: expiringStores },
      });
      return stores;
    } catch (cause) {
      throw cause instanceof InternalRequestError ? problem('unavailable', { cause }) : cause;
    }
  }
}

/** A policy can only be tightened, and not below its floor. */
function refusalOf({ setting, period, floor }: RetentionPolicyView, months: number) {
  const [longest, shortest] = [monthsIn(period), monthsIn(floor)];
  if (setting === null || longest === null) return 'no-setting';
  return months <= longest && months >= (shortest ?? 1) ? null : 'out-of-bounds';
}

function monthsIn(period: string | null): number | null {
  const months = /^P(\d+)M$/.exec(period ?? '')?.[1];
  return months === undefined ? null : Number(months);
}
