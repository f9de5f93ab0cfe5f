import { observationSources } from '@vouchsafe/contracts';
import { organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

/** How we came to know what an object at Stripe is like. */
export const observation = {
  organizationId,
  source: z.enum(observationSources),
  /** The event of Stripe after which it was read, where there was one. */
  eventId: z.string().nullable(),
  /** The version of Stripe's API in which it was read. */
  apiVersion: z.string(),
  /** A keyed hash of what we keep of it: the same content is not recorded twice. */
  contentHash: z.string(),
  fetchedAt: z.iso.datetime(),
};
export type Observation = {
  readonly [Field in keyof typeof observation]: z.output<(typeof observation)[Field]>;
};

/** The command of every stream that follows an object of Stripe. */
export interface Observe<Id extends string, Content> {
  readonly type: 'observe';
  readonly id: Id;
  readonly observation: Observation;
  readonly content: Content;
}

/** The object belongs to another organization than before: that cannot be, and nothing of it is recorded. */
export interface OtherOrganization {
  readonly rejected: 'other-organization';
}

/** In a fact: where it comes from. */
export function sourceOf({
  organizationId,
  source,
}: Observation): Pick<Observation, 'organizationId' | 'source'> {
  return { organizationId, source };
}
