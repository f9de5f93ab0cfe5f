import { type Form, found, inner, metadataOf, text } from './answers.ts';
import { endNow } from './subscriptions.ts';
import type { StripeObject, World } from './world.ts';

export function createCustomer(world: World, form: Form): StripeObject {
  const made = world.add('customer', 'cus', {
    ...{ name: text(form, 'name') ?? null, email: text(form, 'email') ?? null, metadata: metadataOf(form) },
    ...{ description: text(form, 'description') ?? null, phone: null, address: null, shipping: null },
    ...{ balance: 0, currency: null, default_source: null, delinquent: false, discount: null },
    ...{
      invoice_prefix: 'STANDIN',
      next_invoice_sequence: 1,
      preferred_locales: [],
      tax_exempt: 'none',
      test_clock: null,
    },
    invoice_settings: {
      ...{ custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    },
  });
  world.emit('customer.created', made);
  return made;
}

export function updateCustomer(world: World, id: string, form: Form): StripeObject {
  const customer = found(world, 'customer', id);
  for (const field of ['name', 'email', 'description', 'phone'])
    if (form[field] !== undefined) customer[field] = form[field] === '' ? null : text(form, field);
  if (form.address !== undefined) customer.address = form.address === '' ? null : form.address;
  customer.metadata = metadataOf(form, customer.metadata as object);
  const method = text(inner(form, 'invoice_settings'), 'default_payment_method');
  if (method !== undefined) {
    const settings = customer.invoice_settings as { default_payment_method: string | null };
    settings.default_payment_method = method === '' ? null : found(world, 'payment_method', method).id;
  }
  world.emit('customer.updated', customer);
  return customer;
}

/** Ends its subscriptions at once, and forgets its cards. */
export function deleteCustomer(world: World, id: string): object {
  const customer = found(world, 'customer', id);
  for (const one of world.all('subscription')) if (one.customer === id) endNow(world, one);
  for (const one of world.all('payment_method')) if (one.customer === id) one.customer = null;
  world.emit('customer.deleted', customer);
  Object.assign(customer, { deleted: true });
  return { id, object: 'customer', deleted: true };
}

export function shownCustomer(customer: StripeObject): object {
  return customer.deleted === true ? { id: customer.id, object: 'customer', deleted: true } : customer;
}
