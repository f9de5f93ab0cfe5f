import { z } from 'zod';

/** A copy that zod makes of a schema (`.describe()`, `.meta()`, a further check) inherits what its registries say of the original. */
const made = z.registry<{ readonly of: 'stripe' }>();

/** Longest id that we take from Stripe, whose own limit is 255 characters. */
const LONGEST = 200;

/**
 * An id that Stripe gave, with the prefix of its type (`sub_1PqR...`): random, so it may stand in clear in logs and leaves as a UUID may.
 * @param prefixes several where a type has had others
 */
export function stripeId(...prefixes: readonly string[]): z.ZodString {
  const schema = z.string().regex(new RegExp(`^(?:${prefixes.join('|')})_[A-Za-z0-9_]{1,${LONGEST}}$`));
  made.add(schema, { of: 'stripe' });
  return schema;
}

/** Whether a schema is one of `stripeId`. */
export function isStripeId(schema: z.core.$ZodType): boolean {
  return made.get(schema) !== undefined;
}
