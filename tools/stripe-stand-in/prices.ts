import { z } from 'zod';
import type { Plan, Price, Product } from './objects.ts';
import { created, flag, metadata, paging, parameters, text, whole } from './parameters.ts';
import { invalid } from './problem.ts';
import { type Call, given, isWithin, mergedMetadata, pageOf, type Routes } from './routes.ts';
import type { World } from './world.ts';

export const priceRoutes: Routes = {
  'GET /v1/products': ({ world, form, route }) => {
    const {
      active,
      ids,
      created: times,
      ...page
    } = parameters(form, {
      ...{ active: flag.optional(), ids: z.array(z.string()).optional(), created: created.optional() },
      ...paging,
    });
    const found = world
      .all('product')
      .filter((one) => isWithin(one, times) && (active === undefined || one.active === active))
      .filter(({ id }) => ids?.includes(id) ?? true);
    return pageOf(route, found, page);
  },
  'POST /v1/products': ({ world, form }) => {
    const {
      name,
      description = null,
      metadata: given,
    } = parameters(form, {
      ...{ name: text, description: text.optional(), metadata: metadata.optional() },
    });
    return world.add(
      { ...newProduct(world, name), description, metadata: mergedMetadata({}, given) },
      'product.created',
    );
  },
  'GET /v1/products/:id': ({ world, path }) => world.get('product', path('id')),
  'POST /v1/products/:id': ({ world, form, path }) => {
    const { metadata: data, ...rest } = withoutExpand(
      parameters(form, {
        ...{ name: text.optional(), description: text.optional() },
        ...{ active: flag.optional(), metadata: metadata.optional() },
      }),
    );
    const product = world.get('product', path('id'));
    const changes = {
      ...(given(rest) as Partial<Product>),
      metadata: mergedMetadata(product.metadata, data),
      updated: world.now(),
    };
    return world.change(product, changes, 'product.updated');
  },
  'GET /v1/prices': listPrices,
  'POST /v1/prices': createPrice,
  'GET /v1/prices/:id': ({ world, path }) => world.get('price', path('id')),
  'POST /v1/prices/:id': ({ world, form, path }) => {
    const { metadata: data, ...rest } = withoutExpand(
      parameters(form, {
        ...{ active: flag.optional(), nickname: text.optional() },
        ...{ metadata: metadata.optional() },
      }),
    );
    const price = world.get('price', path('id'));
    const changes = { ...(given(rest) as Partial<Price>), metadata: mergedMetadata(price.metadata, data) };
    return world.change(price, changes, 'price.updated');
  },
};

function withoutExpand<Values extends { expand?: unknown }>({
  expand: _,
  ...rest
}: Values): Omit<Values, 'expand'> {
  return rest;
}

function listPrices({ world, form, route }: Call): object {
  const asked = parameters(form, {
    ...{ active: flag.optional(), product: z.string().optional(), currency: z.string().optional() },
    ...{ type: z.enum(['one_time', 'recurring']).optional(), created: created.optional() },
    ...paging,
  });
  const isAsked = (price: Price) =>
    isWithin(price, asked.created) &&
    (asked.active === undefined || price.active === asked.active) &&
    (asked.product === undefined || price.product === asked.product) &&
    (asked.currency === undefined || price.currency === asked.currency) &&
    (asked.type === undefined || price.type === asked.type);
  return pageOf(route, world.all('price').filter(isAsked), asked);
}

function createPrice({ world, form }: Call): Price {
  const asked = parameters(form, {
    ...{ currency: z.string().regex(/^[a-z]{3}$/), unit_amount: whole, product: z.string() },
    recurring: z.strictObject({
      interval: z.enum(['day', 'week', 'month', 'year']),
      interval_count: whole.optional(),
      usage_type: z.literal('licensed').optional(),
    }),
    ...{ nickname: text.optional(), active: flag.optional(), metadata: metadata.optional() },
  });
  const product = world.get('product', asked.product, 'product');
  if (asked.unit_amount < 0) throw invalid('Invalid unit_amount', { param: 'unit_amount' });
  const price = newPrice(world, product.id, {
    ...{ currency: asked.currency, amount: asked.unit_amount, interval: asked.recurring.interval },
    count: asked.recurring.interval_count ?? 1,
  });
  return world.add(
    {
      ...price,
      active: asked.active ?? true,
      nickname: asked.nickname ?? null,
      metadata: mergedMetadata({}, asked.metadata),
    },
    'price.created',
  );
}

function newProduct(world: World, name: string, id = world.newId('prod_', 14)): Product {
  return {
    id,
    object: 'product',
    active: true,
    created: world.now(),
    default_price: null,
    description: null,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: {},
    name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: 'service',
    unit_label: null,
    updated: world.now(),
    url: null,
  };
}

interface Terms {
  readonly currency: string;
  readonly amount: number;
  readonly interval: 'day' | 'week' | 'month' | 'year';
  readonly count?: number;
}

function newPrice(world: World, product: string, terms: Terms, id = world.newId('price_')): Price {
  const { currency, amount, interval, count = 1 } = terms;
  return {
    id,
    object: 'price',
    active: true,
    billing_scheme: 'per_unit',
    created: world.now(),
    currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: null,
    metadata: {},
    nickname: null,
    product,
    recurring: {
      interval,
      interval_count: count,
      meter: null,
      trial_period_days: null,
      usage_type: 'licensed',
    },
    tax_behavior: 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: 'recurring',
    unit_amount: amount,
    unit_amount_decimal: String(amount),
  };
}

/** A price as it was called once; subscription items still show it. */
export function planOf(price: Price): Plan {
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: 'per_unit',
    created: price.created,
    currency: price.currency,
    interval: price.recurring?.interval ?? 'month',
    interval_count: price.recurring?.interval_count ?? 1,
    livemode: false,
    metadata: {},
    meter: null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: 'licensed',
  };
}

/** What is sold from the start: yen have no decimals, Kuwaiti dinars three; one price is archived. */
const catalogue: readonly [product: string, name: string, prices: readonly [id: string, terms: Terms][]][] = [
  [
    'prod_team',
    'Team',
    [
      ['price_team', { currency: 'eur', amount: 1900, interval: 'month' }],
      ['price_team_year', { currency: 'eur', amount: 19_000, interval: 'year' }],
      ['price_team_usd', { currency: 'usd', amount: 2100, interval: 'month' }],
      ['price_team_jpy', { currency: 'jpy', amount: 3000, interval: 'month' }],
      ['price_team_kwd', { currency: 'kwd', amount: 6500, interval: 'month' }],
      ['price_archived', { currency: 'eur', amount: 900, interval: 'month' }],
    ],
  ],
  [
    'prod_business',
    'Business',
    [
      ['price_business', { currency: 'eur', amount: 4900, interval: 'month' }],
      ['price_business_year', { currency: 'eur', amount: 49_000, interval: 'year' }],
      ['price_business_usd', { currency: 'usd', amount: 5400, interval: 'month' }],
    ],
  ],
];

/** The ids of the prices that can be bought from the start. */
export const soldPrices: readonly string[] = catalogue.flatMap(([, , prices]) =>
  prices.map(([id]) => id).filter((id) => !id.includes('archived')),
);

export function seedCatalogue(world: World): void {
  for (const [productId, name, prices] of catalogue) {
    if (world.find('product', productId)) continue;
    world.add(newProduct(world, name, productId));
    for (const [id, terms] of prices)
      world.add({ ...newPrice(world, productId, terms, id), active: !id.includes('archived') });
  }
}

/** An amount as a person reads it. */
export function shownAmount(amount: number, currency: string): string {
  const code = currency.toUpperCase();
  const { maximumFractionDigits = 2 } = new Intl.NumberFormat('en', {
    style: 'currency',
    currency: code,
  }).resolvedOptions();
  return `${code} ${(amount / 10 ** maximumFractionDigits).toFixed(maximumFractionDigits)}`;
}
