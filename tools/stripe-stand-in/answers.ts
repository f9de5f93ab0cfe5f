import type { StripeObject, World } from './world.ts';

/** A form's value; brackets in names nest: `items[0][price]`. */
export type Value = string | Form | undefined;
export interface Form {
  readonly [name: string]: Value;
}

interface StripeError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly decline_code?: string;
  readonly param?: string;
}

/** What Stripe answers in place of an object. */
export class StripeProblem extends Error {
  readonly status: number;
  readonly error: StripeError;

  constructor(status: number, error: StripeError) {
    super(error.message);
    this.status = status;
    this.error = error;
  }
}

export function invalid(message: string, code?: string, param?: string): StripeProblem {
  const named = { ...(code !== undefined && { code }), ...(param !== undefined && { param }) };
  return new StripeProblem(400, { type: 'invalid_request_error', message, ...named });
}

export function missing(what: string, id: string): StripeProblem {
  return new StripeProblem(404, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such ${what}: '${id}'`,
    param: 'id',
  });
}

export function declined(declineCode: string): StripeProblem {
  return new StripeProblem(402, {
    type: 'card_error',
    code: 'card_declined',
    decline_code: declineCode,
    message: 'Your card was declined.',
  });
}

export function formOf(encoded: string): Form {
  const form: Record<string, unknown> = {};
  for (const [name, value] of new URLSearchParams(encoded)) {
    const steps = name
      .replace(/\[\]$/, '')
      .split(/[[\]]+/)
      .filter((step) => step !== '' && step !== '__proto__');
    let at = form;
    for (const step of steps.slice(0, -1)) at = (at[step] ??= {}) as Record<string, unknown>;
    const last = steps.at(-1) ?? '';
    if (name.endsWith('[]')) {
      // `expand[]=a&expand[]=b`
      const list = (at[last] ??= {}) as Record<string, unknown>;
      list[String(Object.keys(list).length)] = value;
    } else at[last] = value;
  }
  return form as Form;
}

export function text(form: Form, name: string): string | undefined {
  const value = form[name];
  return typeof value === 'string' ? value : undefined;
}

export function needed(form: Form, name: string): string {
  const value = text(form, name);
  if (value === undefined || value === '')
    throw invalid(`Missing required param: ${name}.`, 'parameter_missing', name);
  return value;
}

export function inner(form: Form, name: string): Form {
  const value = form[name];
  return typeof value === 'object' ? value : {};
}

export function formsIn(form: Form, name: string): Form[] {
  return Object.values(inner(form, name)).filter((one): one is Form => typeof one === 'object');
}

export function metadataOf(form: Form, before: object = {}): Record<string, string> {
  const merged: Record<string, unknown> = { ...before, ...inner(form, 'metadata') };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== '')) as Record<
    string,
    string
  >;
}

/** The object of a type; @throws as Stripe answers where there is none */
export function found(world: World, object: string, id: string): StripeObject {
  const one = world.find(id);
  if (one?.object !== object) throw missing(object, id);
  return one;
}

const MOST = 100;

/** A page of objects, newest first, with Stripe's cursors. */
export function page(objects: readonly StripeObject[], form: Form, url: string): object {
  const created = inner(form, 'created');
  const since = Number(text(created, 'gte') ?? 0);
  const until = Number(text(created, 'lte') ?? Number.POSITIVE_INFINITY);
  const matching = objects.filter((one) => one.created >= since && one.created <= until);
  const limit = Math.min(Number(text(form, 'limit') ?? 10), MOST);
  const [after, before] = [text(form, 'starting_after'), text(form, 'ending_before')];
  const at = (id: string) => matching.findIndex((one) => one.id === id);
  const start = after === undefined ? 0 : at(after) + 1;
  if (before !== undefined) {
    const end = Math.max(at(before), 0);
    const data = matching.slice(Math.max(0, end - limit), end);
    return { object: 'list', url, has_more: end > limit, data };
  }
  const data = matching.slice(start, start + limit);
  return { object: 'list', url, has_more: matching.length > start + limit, data };
}

/** Replaces ids by their objects along `expand[]`, in a copy: the stored object keeps the id. */
export function expanded(world: World, answer: unknown, form: Form): unknown {
  const paths = Object.values(inner(form, 'expand')).filter((one): one is string => typeof one === 'string');
  const copy = structuredClone(answer);
  for (const one of paths) expand(world, copy, one.split('.'));
  return copy;
}

function expand(world: World, at: unknown, [step, ...rest]: readonly string[]): void {
  if (step === undefined || typeof at !== 'object' || at === null) return;
  if (Array.isArray(at)) {
    for (const one of at) expand(world, one, [step, ...rest]);
    return;
  }
  const fields = at as Record<string, unknown>;
  const value = fields[step];
  if (typeof value === 'string' && world.find(value)) fields[step] = structuredClone(world.find(value));
  const below = fields[step];
  if (Array.isArray(below)) for (const one of below) expand(world, one, rest);
  else expand(world, below, rest);
}
