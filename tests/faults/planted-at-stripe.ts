import type { Kind } from './checker/finding.ts';
import type { StripeObjects } from './checker/stripe-objects.ts';
import type { FaultRun } from './harness.ts';

type Planted = Parameters<FaultRun['checkAgain']>;

/** Mistakes in billing and at Stripe: the kind under which each is seen, what the finding says, and how it is planted. */
export const plantedAtStripe: readonly (readonly [Kind, RegExp, (run: FaultRun) => Planted])[] = [
  [
    'acknowledged and missing',
    /^subscription sub_\w+ is not at Stripe$/,
    (run) => {
      const answered = run.memory.creations.findLast(
        ({ what, id }) => what === 'subscription' && id !== null,
      );
      return stripe(run, (there) => ({
        ...there,
        subscriptions: there.subscriptions.filter(({ id }) => id !== answered?.id),
      }));
    },
  ],
  [
    'acknowledged and missing',
    /^subscription sub_\w+ was not cancelled$/,
    (run) => stripe(run, (there) => ({ ...there, subscriptions: there.subscriptions.map(alive) })),
  ],
  [
    'acknowledged and missing',
    /^the order of subscription sub_\w+ was not completed$/,
    () => billing(`delete from event where type = 'intent-completed'`),
  ],
  [
    'acknowledged and missing',
    /^subscription sub_\w+ is canceled at Stripe, and absent in billing$/,
    () => billing(`delete from subscription where status = 'canceled'`),
  ],
  [
    'acknowledged and missing',
    /^subscription sub_\w+ is canceled at Stripe, and active in billing$/,
    () => billing(`update subscription set status = 'active'`),
  ],
  [
    'acknowledged and missing',
    /^invoice in_\w+ is paid at Stripe, and open in billing$/,
    () => billing(`update invoice set status = 'open'`),
  ],
  ...(['subscription-started', 'subscription-ended', 'invoice-paid'] as const).map(
    (type) =>
      [
        'acknowledged and missing',
        new RegExp(`^no ${type} of (sub|in)_\\w+$`),
        () => billing(`delete from event where type = '${type}'`),
      ] as const,
  ),
  [
    'acknowledged and missing',
    /^T0 of customer cus_\w+ is 2\S+ by Stripe, and none was published$/,
    (run) => [
      { billing: `delete from event where type = 'all-subscriptions-ended'` },
      run.memory,
      (there) => ({ ...there, subscriptions: there.subscriptions.map(over) }),
    ],
  ],
  [
    'entry for nothing',
    /^T0 of customer cus_\w+ is none by Stripe, and 2\S+ was published$/,
    (run) => [
      { billing: `delete from event where type = 'subscription-resumed'` },
      run.memory,
      (there) => ({ ...there, subscriptions: there.subscriptions.map(alive) }),
    ],
  ],
  [
    'entry for nothing',
    /^billing has a subscription sub_\w+ that Stripe has not$/,
    (run) => stripe(run, (there) => ({ ...there, subscriptions: there.subscriptions.slice(1) })),
  ],
  [
    'entry for nothing',
    /^subscription-ended of sub_\w+, and it is not so at Stripe$/,
    (run) => stripe(run, (there) => ({ ...there, subscriptions: there.subscriptions.map(alive) })),
  ],
  [
    'entry for nothing',
    /^subscription sub_\w+ was made by no order$/,
    () => billing(`delete from event where type = 'intent-opened'`),
  ],
  [
    'entry for nothing',
    /^charge ch_\w+ is of no invoice$/,
    (run) => stripe(run, (there) => ({ ...there, payments: [] })),
  ],
  [
    'doubled',
    /^2 orders made subscription sub_\w+$/,
    () => billing(again(`type = 'intent-completed' and payload ->> 'operation' = 'subscription.create'`)),
  ],
  ['doubled', /^2 facts subscription-ended of sub_\w+$/, () => billing(again(`type = 'subscription-ended'`))],
  [
    'doubled',
    /^order [0-9a-f-]+ made 2 subscriptions$/,
    (run) => stripe(run, (there) => ({ ...there, subscriptions: twice(there.subscriptions, 'sub_other') })),
  ],
  [
    'doubled',
    /^\d+ subscriptions of organization [0-9a-f-]+, \d+ asked for$/,
    (run) => [
      {},
      { ...run.memory, creations: run.memory.creations.filter(({ what }) => what !== 'subscription') },
    ],
  ],
  [
    'doubled',
    /^organization [0-9a-f-]+ has 2 customers at Stripe$/,
    (run) => stripe(run, (there) => ({ ...there, customers: twice(there.customers, 'cus_other') })),
  ],
  [
    'doubled',
    /^invoice in_\w+ was charged 2 times$/,
    (run) => stripe(run, (there) => ({ ...there, charges: twice(there.charges, 'ch_other') })),
  ],
  [
    'doubled',
    /^subscription sub_\w+ has 2 invoices$/,
    (run) => stripe(run, (there) => ({ ...there, invoices: twice(there.invoices, 'in_other') })),
  ],
  [
    'response without an entry',
    /^intent-opened was done by request /,
    () => [{ gateway: `delete from event where payload ->> 'operation' = 'subscription.create'` }],
  ],
];

function billing(statement: string): Planted {
  return [{ billing: statement }];
}

function stripe(run: FaultRun, alter: (objects: StripeObjects) => StripeObjects): Planted {
  return [{}, run.memory, alter];
}

/** The events are there once more. */
function again(which: string): string {
  return `insert into event (organization_id, stream, version, type, schema_version, payload, metadata)
    select organization_id, stream, 1000000, type, schema_version, payload, metadata from event where ${which}`;
}

/** The first one is there once more, with another id. */
function twice<Made extends { readonly id: string }>(all: readonly Made[], id: string): Made[] {
  const [first] = all;
  if (!first) throw new Error('There is nothing that could be there twice');
  return [...all, { ...first, id }];
}

type Subscription = StripeObjects['subscriptions'][number];

function alive(one: Subscription): Subscription {
  return { ...one, status: 'active', ended_at: null };
}

function over(one: Subscription): Subscription {
  return { ...one, status: 'canceled', ended_at: one.ended_at ?? 2_000_000_000 };
}
