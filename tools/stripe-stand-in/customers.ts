import { z } from 'zod';
import type { Customer } from './objects.ts';
import { address, created, flag, metadata, paging, parameters, text } from './parameters.ts';
import { isAttachedTo } from './payment-methods.ts';
import { impossible, invalid, missing } from './problem.ts';
import { type Call, given, isWithin, mergedMetadata, pageOf, type Routes } from './routes.ts';
import { endNow } from './subscription-endings.ts';
import type { World } from './world.ts';

const details = {
  name: text.optional(),
  email: z.union([z.literal(''), z.email().max(512)]).optional(),
  phone: text.optional(),
  description: text.optional(),
  address: address.optional(),
  shipping: z.literal('').optional(),
  metadata: metadata.optional(),
  tax_exempt: z.enum(['exempt', 'none', 'reverse']).optional(),
  invoice_settings: z.strictObject({ default_payment_method: z.string(), footer: text }).partial().optional(),
  preferred_locales: z.array(z.string()).optional(),
};

export const customerRoutes: Routes = {
  'POST /v1/customers': createCustomer,
  'GET /v1/customers': list,
  'GET /v1/customers/:id': ({ world, form, path }) => {
    parameters(form, {});
    const id = path('id');
    return world.isDeleted('customer', id) ? deleted(id) : world.get('customer', id);
  },
  'POST /v1/customers/:id': update,
  'DELETE /v1/customers/:id': ({ world, path }) => deleteCustomer(world, world.get('customer', path('id'))),
  'GET /v1/customers/:id/payment_methods': ({ world, form, path, route }) => {
    const {
      type,
      allow_redisplay: _,
      ...page
    } = parameters(form, {
      ...{ type: z.string().optional(), allow_redisplay: z.string().optional() },
      ...paging,
    });
    const { id } = liveCustomer(world, path('id'));
    const found = world
      .all('payment_method')
      .filter((one) => one.customer === id && (type === undefined || one.type === type));
    return pageOf(route, found, page);
  },
  'GET /v1/customers/:id/payment_methods/:method': ({ world, path }) => {
    const method = world.get('payment_method', path('method'));
    if (method.customer !== path('id')) throw missing('payment_method', method.id);
    return method;
  },
};

/** A customer that can be used. @throws Problem for one that is not there any more */
export function liveCustomer(world: World, id: string, param = 'customer'): Customer {
  return world.get('customer', id, param);
}

export function createCustomer({ world, form }: Call): Customer {
  const asked = parameters(form, {
    ...details,
    payment_method: z.string().optional(),
    validate: flag.optional(),
  });
  if (asked.payment_method !== undefined || asked.invoice_settings?.default_payment_method !== undefined)
    throw invalid('The stand-in attaches payment methods to customers that exist.', {
      param: 'payment_method',
    });
  const { metadata, invoice_settings, payment_method: _, validate: __, expand: ___, ...rest } = asked;
  const customer: Customer = {
    id: world.newId('cus_', 14),
    object: 'customer',
    address: null,
    balance: 0,
    created: world.now(),
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email: null,
    invoice_prefix: world.newId('', 8).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: invoice_settings?.footer ?? null,
      rendering_options: null,
    },
    livemode: false,
    metadata: mergedMetadata({}, metadata),
    name: null,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
    ...shown(rest),
  };
  return world.add(customer, 'customer.created');
}

/** The details that were given, as a customer shows them. */
function shown({
  address,
  ...rest
}: Omit<z.output<z.ZodObject<typeof details>>, 'metadata' | 'invoice_settings'>) {
  const empty = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null };
  const changed = { ...rest, ...(address !== undefined && { address: address && { ...empty, ...address } }) };
  return given(changed) as Partial<Customer>;
}

function update({ world, form, path }: Call): Customer {
  const customer = liveCustomer(world, path('id'), 'id');
  const { metadata, invoice_settings, expand: _, ...rest } = parameters(form, details);
  const method = invoice_settings?.default_payment_method;
  if (method !== undefined && method !== '' && !isAttachedTo(world, method, customer.id))
    throw invalid(
      `The customer does not have a payment method with the ID ${method}. The payment method must be attached to the customer.`,
      { code: 'resource_missing', param: 'invoice_settings[default_payment_method]' },
    );
  const changes: Partial<Customer> = {
    ...shown(rest),
    ...(metadata !== undefined && { metadata: mergedMetadata(customer.metadata, metadata) }),
    invoice_settings: {
      ...customer.invoice_settings,
      ...(method !== undefined && { default_payment_method: method || null }),
      ...(invoice_settings?.footer !== undefined && { footer: invoice_settings.footer || null }),
    },
  };
  return world.change(customer, changes, 'customer.updated');
}

function list({ world, form, route }: Call): object {
  const {
    email,
    created: times,
    ...page
  } = parameters(form, {
    ...{ email: z.string().optional(), created: created.optional(), test_clock: z.string().optional() },
    ...paging,
  });
  const found = world
    .all('customer')
    .filter((one) => (email === undefined || one.email === email) && isWithin(one, times));
  return pageOf(route, found, page);
}

/** As the dashboard and the API do it: subscriptions end at once, cards are detached, and `{ deleted: true }` is left. */
export function deleteCustomer(world: World, customer: Customer): object {
  for (const subscription of world.all('subscription')) {
    const isLive = !['canceled', 'incomplete_expired'].includes(subscription.status);
    if (subscription.customer === customer.id && isLive)
      endNow(world, subscription, 'cancellation_requested');
  }
  for (const method of world.all('payment_method'))
    if (method.customer === customer.id) world.change(method, { customer: null }, 'payment_method.detached');
  world.remove(customer);
  world.tell('customer.deleted', customer);
  return deleted(customer.id);
}

function deleted(id: string): object {
  return { id, object: 'customer', deleted: true };
}

/** @throws Problem for a customer whose currency is another: one pays in one currency alone */
export function requireCurrency(world: World, customer: Customer, currency: string): void {
  requireOneCurrency(customer, currency);
  world.change(customer, { currency });
}

/** @throws Problem where the customer pays in another currency */
export function requireOneCurrency(customer: Customer, currency: string): void {
  if (customer.currency && customer.currency !== currency)
    throw impossible(
      `You cannot combine currencies on a single customer. This customer has an active subscription, subscription schedule, discount, quote, or invoice item with currency ${customer.currency}.`,
    );
}
