/** @promise P10 whom a request is about, as identity knows it, and what every service has of the person */
import { Inject, Injectable } from '@nestjs/common';
import { serviceNames } from '@vouchsafe/contracts';
import {
  type Caller,
  CONFIG,
  InternalClient,
  type InternalRequest,
  InternalRequestError,
  problem,
  storePreview,
  urlVariable,
} from '@vouchsafe/service-host';
import { z } from 'zod';
import type { LifecycleConfig } from '../lifecycle.config.js';
import { Operator } from '../organization/operator.js';
import type { PreviewItem } from './preview.js';

const person = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('unknown') }),
  z.strictObject({
    status: z.literal('known'),
    email: z.string().nullable(),
    subjects: z.array(z.uuid()),
    isLastOwner: z.boolean(),
    isErased: z.boolean(),
  }),
]);
export type Person = z.output<typeof person>;
const previews = z.strictObject({ stores: z.array(storePreview) });

const PREVIEW_MS = 20_000;

/** A request is a person's: no key makes or reads one. */
export function assertPerson({ actor }: Caller): void {
  if (actor.type !== 'user') throw problem('forbidden', { detail: 'Only a person can do this' });
}

@Injectable()
export class People {
  constructor(
    private readonly client: InternalClient,
    private readonly operator: Operator,
    @Inject(CONFIG) private readonly config: LifecycleConfig,
  ) {}

  /** A current or former member of the organization. */
  find(organizationId: string, userId: string): Promise<Person> {
    return this.ask({
      ...{ audience: 'identity', origin: this.config.VOUCHSAFE_IDENTITY_URL },
      ...{ method: 'POST', path: '/internal/people', body: { organizationId, userId }, answer: person },
    });
  }

  /** What an erasure would do, service by service. Changes nothing. */
  async previewErasure(
    organizationId: string,
    userId: string,
    subjects: readonly string[],
  ): Promise<PreviewItem[]> {
    const organizations = [...new Set([organizationId, this.operator.organizationId])];
    const answers = await Promise.all(
      serviceNames.map(async (service) => {
        const { stores } = await this.ask({
          ...{ audience: service, origin: this.config[urlVariable(service)] },
          ...{ method: 'POST', path: '/internal/person-previews', timeoutMs: PREVIEW_MS },
          body: { organizationId, organizations, userId, subjects },
          answer: previews,
        });
        return stores.map((one) => ({ service, ...one }));
      }),
    );
    return answers.flat();
  }

  /** A service that does not answer stops nothing but this request; whoever sent it can send it again. */
  private ask<Schema extends z.ZodType>(question: InternalRequest<Schema>): Promise<z.output<Schema>> {
    return this.client.ask(question).catch((cause: unknown) => {
      throw cause instanceof InternalRequestError ? problem('unavailable', { cause }) : cause;
    });
  }
}
