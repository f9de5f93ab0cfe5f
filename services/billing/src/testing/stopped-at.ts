import { EventStore } from '@vouchsafe/event-store';
import { StripeApi } from '../stripe/stripe-api.js';
import type { BillingApp } from './billing-app.js';

/** Ends the use case before or after its n-th use of the store or of Stripe, as a crash would. */
export async function stoppedAt<Answer>(
  app: BillingApp,
  point: number,
  work: () => Promise<Answer>,
): Promise<{ answer: Answer; reached: boolean }> {
  let passed = -1;
  const stop = () => {
    passed += 1;
    // A process that has died does nothing more.
    if (passed >= point) throw new Error('Stopped by the test');
  };
  const [store, port] = [app.get(EventStore), app.get(StripeApi)];
  const [transact, shareOf] = [store.transact.bind(store), port.for.bind(port)];
  store.transact = async (...given: Parameters<typeof transact>) => {
    stop();
    const result = await transact(...given);
    stop();
    return result as never;
  };
  port.for = (organizationId) => {
    const share = shareOf(organizationId);
    return {
      ...share,
      write: async (...given) => {
        stop();
        const result = await share.write(...given);
        stop();
        return result;
      },
    };
  };
  try {
    const answer = await work();
    return { answer, reached: passed >= point };
  } finally {
    Object.assign(store, { transact });
    Object.assign(port, { for: shareOf });
  }
}
