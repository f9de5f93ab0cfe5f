import { root } from '../system/root.ts';
import { build } from '../../tools/build/workspace.ts';
import { runJest } from '../../tools/test/jest.ts';
import { tellTally } from '../../tools/test/step.ts';
import { runCommand, UsageError } from '../../libs/service-host/src/command-line.ts';

const usage = `Usage: STRIPE_SECRET_KEY=sk_test_... npm run test:stripe

Runs billing's orders (tests/stripe/orders.spec.ts) against the test mode of Stripe itself: it makes customers, prices and subscriptions
there, and deletes or archives them at the end. No money moves, and no webhook needs to arrive.

  STRIPE_SECRET_KEY     a secret key of Stripe's test mode
  VOUCHSAFE_STRIPE_API  another host in place of Stripe's, such as the stand-in (tools/stripe-stand-in)`;

await runCommand({ usage, options: {} }, async () => {
  const { STRIPE_SECRET_KEY: key = '' } = process.env;
  if (!/^[rs]k_test_[A-Za-z0-9_]+$/.test(key))
    throw new UsageError('STRIPE_SECRET_KEY must be a key of Stripe’s test mode.');
  process.env.VOUCHSAFE_TEST_STRIPE = 'given';
  await build(root);
  tellTally(await runJest(root, ['tests/stripe/orders.spec.ts'], true));
});
