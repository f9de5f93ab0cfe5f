/** An object of Stripe's that may be written out (`expand`) or as its id. */
export function idOf(reference: string | { readonly id: string }): string {
  return typeof reference === 'string' ? reference : reference.id;
}

/** @param seconds Stripe's times: Unix seconds @returns ISO 8601, in UTC */
export function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
