import { shownLines } from './checkout-sessions.ts';
import { intentOf } from './invoices.ts';
import type { CheckoutSession, Customer, Invoice, Kind, Stored } from './objects.ts';
import { invalid } from './problem.ts';
import { wholeList } from './routes.ts';
import type { World } from './world.ts';

/** Stripe goes four levels deep. */
const DEPTH = 4;

/** What is in an object only where it is asked for. */
const included: Readonly<Record<string, (world: World, object: never) => unknown>> = {
  'invoice.confirmation_secret': (world, invoice: Invoice) => {
    const secret = intentOf(world, invoice)?.client_secret;
    return secret ? { client_secret: secret, type: 'payment_intent' } : null;
  },
  'invoice.payments': (world, invoice: Invoice) =>
    wholeList(
      `/v1/invoice_payments?invoice=${invoice.id}`,
      world.all('invoice_payment').filter((one) => one.invoice === invoice.id),
    ),
  'checkout.session.line_items': (world, session: CheckoutSession) => shownLines(world, session),
  'customer.subscriptions': (world, customer: Customer) =>
    wholeList(
      `/v1/customers/${customer.id}/subscriptions`,
      world.all('subscription').filter((one) => one.customer === customer.id && one.status !== 'canceled'),
    ),
  'charge.refunds': (world, charge: { id: string }) =>
    wholeList(
      `/v1/charges/${charge.id}/refunds`,
      world.all('refund').filter((one) => one.charge === charge.id),
    ),
};

/** The kinds that references lead to, by how their ids begin. */
const prefixes: readonly (readonly [prefix: string, kind: Kind])[] = [
  ['cus_', 'customer'],
  ['prod_', 'product'],
  ['price_', 'price'],
  ['pm_', 'payment_method'],
  ['seti_', 'setup_intent'],
  ['pi_', 'payment_intent'],
  ['ch_', 'charge'],
  ['sub_', 'subscription'],
  ['in_', 'invoice'],
  ['cs_', 'checkout.session'],
  ['txn_', 'balance_transaction'],
  ['re_', 'refund'],
  ['dp_', 'dispute'],
];

/** @throws Problem 400 for a path that is too long; before anything is done */
export function requireDepth(paths: readonly string[]): void {
  for (const path of paths)
    if (path.split('.').filter((step) => step !== 'data').length > DEPTH)
      throw invalid(`You cannot expand more than ${DEPTH} levels of a property: ${path}.`, {
        param: 'expand',
      });
}

type Json = Record<string, unknown>;

/** An answer with objects in place of the references that were asked for. https://docs.stripe.com/expand */
export function expanded(world: World, answer: object, paths: readonly string[] = []): object {
  const copy = structuredClone(answer) as Json;
  for (const path of paths) expand(world, copy, path.split('.'), path);
  return copy;
}

function expand(world: World, at: Json, [step, ...rest]: readonly string[], path: string): void {
  if (step === undefined) return;
  const include = included[`${String(at.object)}.${step}`];
  if (include && at[step] === undefined) at[step] = structuredClone(include(world, at as never));
  if (at.deleted === true) return;
  if (!(step in at)) throw invalid(`This property cannot be expanded (${path}).`, { param: 'expand' });
  at[step] = Array.isArray(at[step])
    ? at[step].map((one: unknown) => referred(world, one))
    : referred(world, at[step]);
  for (const child of [at[step]].flat())
    if (typeof child === 'object' && child !== null) expand(world, child as Json, rest, path);
}

function referred(world: World, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const kind = prefixes.find(([prefix]) => value.startsWith(prefix))?.[1];
  if (!kind) return value;
  if (world.isDeleted(kind, value)) return { id: value, object: kind, deleted: true };
  const found: Stored | undefined = world.find(kind, value);
  return found ? structuredClone(found) : value;
}
