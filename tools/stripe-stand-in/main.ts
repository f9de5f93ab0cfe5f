import { type Given, runCommand, UsageError, wholeNumber } from '../../libs/service-host/src/command-line.ts';
import { soldPrices } from './prices.ts';
import { startStandIn } from './stand-in.ts';

const usage = `Usage: node tools/stripe-stand-in/main.ts [--port 12111] [--data FOLDER] [--webhook URL] [--orderly]

  --port     where it listens, on 127.0.0.1
  --data     folder in which its state is kept   (without it nothing is)
  --webhook  where events are sent, signed with STRIPE_WEBHOOK_SECRET
  --orderly  sends each event once and in order

It takes the key of STRIPE_SECRET_KEY, or sk_test_standin.`;
const options = {
  port: { type: 'string', default: '12111' },
  data: { type: 'string' },
  webhook: { type: 'string' },
  orderly: { type: 'boolean', default: false },
} as const;

/** Runs the stand-in until Ctrl-C. */
async function main({ port, data, webhook, orderly }: Given<typeof options>['values']): Promise<void> {
  const { STRIPE_SECRET_KEY: key, STRIPE_WEBHOOK_SECRET: secret, VOUCHSAFE_ENVIRONMENT } = process.env;
  if (webhook !== undefined && !secret) throw new UsageError('--webhook needs STRIPE_WEBHOOK_SECRET.');
  const standIn = await startStandIn({
    port: wholeNumber('--port', port, 0, 65_535),
    ...(key && { key }),
    ...(data !== undefined && { folder: data }),
    ...(VOUCHSAFE_ENVIRONMENT && { environment: VOUCHSAFE_ENVIRONMENT }),
    ...(webhook !== undefined &&
      secret && {
        webhook: { url: webhook, secret, ...(orderly && { repeated: 0, overtaken: 0 }) },
      }),
  });
  console.log(`A stand-in for Stripe (it moves no money) listens on ${standIn.url}`);
  console.log(`Prices: ${soldPrices.join(', ')}`);
  await new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve());
  });
  await standIn.stop();
}

await runCommand({ usage, options }, ({ values }) => main(values));
