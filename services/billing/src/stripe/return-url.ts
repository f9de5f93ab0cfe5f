import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';

/** Injection token: the origins to which Stripe's pages may send people back. */
export const RETURN_ORIGINS = Symbol('return-origins');

/** Where Stripe's page sends the person afterwards. */
export const returnUrl = z
  .url({ protocol: /^https?$/ })
  .max(2000)
  .describe(
    'URL to return to. Its origin must be VOUCHSAFE_PUBLIC_URL’s or one of VOUCHSAFE_ALLOWED_ORIGINS. Stripe replaces {CHECKOUT_SESSION_ID} with the session’s id.',
  );

/** How another URL is answered; the pointer is that of its field. */
export const urlNotAllowed = [
  'rejected',
  'Stripe’s page can send people back to the product’s own origin and to those of VOUCHSAFE_ALLOWED_ORIGINS alone',
] as const;

/** Keeps Stripe's pages from sending people elsewhere (CWE-601): the origins are those that may send us requests with a cookie. */
@Injectable()
export class ReturnUrls {
  constructor(@Inject(RETURN_ORIGINS) private readonly origins: readonly string[]) {}

  isAllowed(url: string): boolean {
    const { origin, username, password } = new URL(url);
    return username === '' && password === '' && this.origins.includes(origin);
  }
}
