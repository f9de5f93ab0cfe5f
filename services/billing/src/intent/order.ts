import type { UnitOfWork } from '@vouchsafe/event-store';
import type { OrganizationId, UserId } from '@vouchsafe/event-sourcing';
import type { z } from 'zod';
import type { Stripe } from 'stripe';
import type { Asking, StripeShare } from '../stripe/stripe-api.js';
import { isFailed, type StripeFailure } from '../stripe/stripe-failure.js';
import { storedNames } from '../stored-names.js';
import type { CustomerDetails } from '../customer/customer.decider.js';
import type { OrderName } from './intent.events.js';

/** What an order is carried out with. No transaction is open then. */
export interface Performing {
  readonly stripe: StripeShare;
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  readonly intentId: string;
  readonly customerId: string;
  /** It was carried out, and its answer is asked for once more: whether it is possible was decided then. */
  readonly isCompleted: boolean;
  /**
   * Asks Stripe to change something, with the same Idempotency-Key each time that this order is carried out.
   * @param step names each request after the first, of an order that needs several
   */
  readonly write: <Answer extends object>(
    ask: Asking<Answer>,
    step?: string,
  ) => Promise<Answer | StripeFailure>;
  /** By which what is made is known as this order's, once Stripe has forgotten the key. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Unix seconds: what this order made is not older. */
  readonly since: number;
}

/** Whose order was carried out, and for which customer. */
export type RecordContext = Pick<Performing, 'organizationId' | 'userId' | 'intentId' | 'customerId'>;

export interface Performed<Answer extends object = object> {
  readonly objectId: string | null;
  /**
   * For the person who asked. It is kept nowhere (it may hold a client secret): Stripe gives it again for the same key (P22). What was made
   * may have expired since, so that nothing of it can be given again.
   */
  readonly answer: Answer | { readonly rejected: 'expired' };
}

/** One kind of thing that a person orders at Stripe. */
export interface Order<Asked extends object = object, Answer extends object = object> {
  readonly operation: OrderName;
  readonly asked: z.ZodType<Asked>;
  /** Its key is the organization's, and not of the person who sends it: whoever sends it orders the same thing. */
  readonly isSharedKey?: boolean;
  /** Asks Stripe; the same parameters each time. */
  perform(asked: Asked, context: Performing): Promise<Performed<Answer> | StripeFailure>;
  /** What an earlier try has made, among the customer's objects (a list, not Stripe's Search, which is late). Without it, doing it twice does no harm. */
  find?(asked: Asked, context: Performing): Promise<Performed<Answer> | StripeFailure | undefined>;
  /**
   * Removes at Stripe what an erased person may have given there by it: what they asked cannot be read any more (P10).
   * @param context with the details that somebody else has given, where they are recorded
   */
  forget?(
    context: Pick<Performing, 'customerId' | 'write'> & { readonly details: CustomerDetails | null },
  ): Promise<object | StripeFailure>;
  /** What is kept of it besides the intent, in the same unit of work. */
  record?(asked: Asked, context: RecordContext, unit: UnitOfWork): Promise<void>;
}

/** Injection token of every order that there is. */
export const ORDERS = Symbol('orders');

/** For one object's metadata: whose it is, and by which intent it was made. */
export function metadataOf(organizationId: string, intentId?: string): Readonly<Record<string, string>> {
  return {
    [storedNames.organization]: organizationId,
    ...(intentId === undefined ? {} : { [storedNames.intent]: intentId }),
  };
}

/** What this order has made, among all objects of a list, however many pages it has. */
export async function madeByOrder<
  Listed extends { readonly metadata: Readonly<Record<string, string>> | null },
>(
  { stripe, intentId }: Performing,
  list: (client: Stripe, options: Parameters<Asking<object>>[1]) => AsyncIterable<Listed>,
): Promise<Listed | StripeFailure | undefined> {
  const found = await stripe.read(async (client, options) => {
    for await (const one of list(client, options))
      if (one.metadata?.[storedNames.intent] === intentId) return { one };
    return { one: undefined };
  });
  return isFailed(found) ? found : found.one;
}
