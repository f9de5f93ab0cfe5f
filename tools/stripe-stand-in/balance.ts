import { z } from 'zod';
import type { Payout } from './objects.ts';
import { created, paging, parameters } from './parameters.ts';
import { isWithin, pageOf, type Routes } from './routes.ts';
import type { World } from './world.ts';

/** The only account that there is. */
export const ACCOUNT = 'acct_1standin000000000';

export const balanceRoutes: Routes = {
  'GET /v1/balance': ({ world }) => {
    const transactions = world.all('balance_transaction');
    return {
      object: 'balance',
      available: sums(transactions.filter(({ available_on }) => available_on <= world.now())),
      livemode: false,
      pending: sums(transactions.filter(({ available_on }) => available_on > world.now())),
    };
  },
  'GET /v1/payouts': ({ world, form, route }) => {
    const {
      status,
      created: times,
      ...page
    } = parameters(form, {
      ...{ status: z.string().optional(), created: created.optional(), arrival_date: created.optional() },
      ...paging,
    });
    const found = world
      .all('payout')
      .filter((one) => isWithin(one, times) && (status === undefined || one.status === status));
    return pageOf(route, found, page);
  },
  'GET /v1/payouts/:id': ({ world, path }) => world.get('payout', path('id')),
  'GET /v1/balance_transactions': ({ world, form, route }) => {
    const {
      source,
      type,
      created: times,
      ...page
    } = parameters(form, {
      ...{ source: z.string().optional(), type: z.string().optional(), created: created.optional() },
      ...paging,
    });
    const found = world
      .all('balance_transaction')
      .filter((one) => isWithin(one, times) && (source === undefined || one.source === source))
      .filter((one) => type === undefined || one.type === type);
    return pageOf(route, found, page);
  },
  'GET /v1/balance_transactions/:id': ({ world, path }) => world.get('balance_transaction', path('id')),
  'GET /v1/account': () => account,
};

interface Sum {
  readonly amount: number;
  readonly currency: string;
  readonly source_types: { readonly card: number };
}

function sums(transactions: readonly { readonly net: number; readonly currency: string }[]): Sum[] {
  const byCurrency = new Map<string, number>([['eur', 0]]);
  for (const { net, currency } of transactions)
    byCurrency.set(currency, (byCurrency.get(currency) ?? 0) + net);
  return [...byCurrency].map(([currency, amount]) => ({ amount, currency, source_types: { card: amount } }));
}

const account = {
  id: ACCOUNT,
  object: 'account',
  business_type: 'company',
  charges_enabled: true,
  country: 'DE',
  created: 1_700_000_000,
  default_currency: 'eur',
  details_submitted: true,
  email: 'stand-in@example.com',
  metadata: {},
  payouts_enabled: true,
  type: 'standard',
} as const;

/** Pays out what is available, as Stripe does each day. */
export function payOut(world: World, currency: string, amount: number): Payout {
  const payout: Payout = {
    id: world.newId('po_1'),
    object: 'payout',
    amount,
    application_fee: null,
    application_fee_amount: null,
    arrival_date: world.now() + 86_400,
    automatic: true,
    balance_transaction: null,
    created: world.now(),
    currency,
    description: 'STRIPE PAYOUT',
    destination: null,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    livemode: false,
    metadata: {},
    method: 'standard',
    original_payout: null,
    payout_method: null,
    reconciliation_status: 'not_applicable',
    reversed_by: null,
    source_type: 'card',
    statement_descriptor: null,
    status: 'paid',
    trace_id: null,
    type: 'bank_account',
  };
  world.add(payout, 'payout.created');
  world.tell('payout.paid', payout);
  return payout;
}
