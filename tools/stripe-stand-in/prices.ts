import type { StripeObject, World } from './world.ts';

interface Sold {
  readonly id: string;
  readonly product: string;
  readonly currency: string;
  /** In the currency's smallest unit. */
  readonly amount: number;
  readonly interval: 'month' | 'year';
  readonly active: boolean;
}

/** What is sold: with two decimals, none and three; `price_archived` is sold no more. */
const catalogue: readonly Sold[] = [
  { id: 'price_team', product: 'Team', currency: 'eur', amount: 1900, interval: 'month', active: true },
  {
    id: 'price_business',
    product: 'Business',
    currency: 'eur',
    amount: 4900,
    interval: 'month',
    active: true,
  },
  { id: 'price_team_year', product: 'Team', currency: 'eur', amount: 19_000, interval: 'year', active: true },
  { id: 'price_team_jpy', product: 'Team', currency: 'jpy', amount: 2500, interval: 'month', active: true },
  { id: 'price_team_kwd', product: 'Team', currency: 'kwd', amount: 6500, interval: 'month', active: true },
  { id: 'price_archived', product: 'Team', currency: 'eur', amount: 900, interval: 'month', active: false },
];

/** For `VOUCHSAFE_BILLING_PRICES`. */
export const soldPrices = catalogue.filter(({ active }) => active).map(({ id }) => id);

function priceOf(id: string): StripeObject | undefined {
  const sold = catalogue.find((one) => one.id === id);
  if (!sold) return undefined;
  return {
    ...{ id, object: 'price', created: 1_767_225_600, livemode: false, active: sold.active },
    ...{ currency: sold.currency, unit_amount: sold.amount, unit_amount_decimal: String(sold.amount) },
    ...{ type: 'recurring', billing_scheme: 'per_unit', nickname: null, lookup_key: null, metadata: {} },
    recurring: {
      interval: sold.interval,
      interval_count: 1,
      usage_type: 'licensed',
      meter: null,
      trial_period_days: null,
    },
    product: productOf(sold.product).id,
    ...{ custom_unit_amount: null, tax_behavior: 'unspecified', tiers_mode: null, transform_quantity: null },
  };
}

function prices(): StripeObject[] {
  return catalogue.flatMap(({ id }) => priceOf(id) ?? []);
}

function productOf(name: string): StripeObject {
  return {
    ...{
      id: `prod_${name.toLowerCase()}`,
      object: 'product',
      created: 1_767_225_600,
      updated: 1_767_225_600,
    },
    ...{ livemode: false, active: true, name, description: null, type: 'service', metadata: {} },
    ...{ default_price: null, images: [], marketing_features: [], package_dimensions: null, shippable: null },
    ...{ statement_descriptor: null, tax_code: null, unit_label: null, url: null },
  };
}

/** The end of a period that begins at `start`; a month after 31 January ends on the last of February. */
export function periodEnd(start: number, price: StripeObject): number {
  const { interval } = price.recurring as { interval: 'month' | 'year' };
  const from = new Date(start * 1000);
  const months = interval === 'year' ? 12 : 1;
  const end = new Date(from);
  end.setUTCMonth(from.getUTCMonth() + months);
  if (end.getUTCDate() !== from.getUTCDate()) end.setUTCDate(0);
  return Math.floor(end.getTime() / 1000);
}

export function makeProducts(world: World): void {
  // Products and prices are found like every object; a state that was kept has them already.
  for (const one of [...prices(), productOf('Team'), productOf('Business')])
    if (!world.find(one.id)) world.put(one);
}
