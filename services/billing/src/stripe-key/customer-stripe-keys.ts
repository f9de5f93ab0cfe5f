/** @promise P22 switched off, no Stripe key of a customer is taken or used */
import { type CanActivate, Inject, Injectable } from '@nestjs/common';
import { problem } from '@vouchsafe/service-host';
import type { BillingConfig } from '../billing.config.js';

/** Injection token of `CustomerStripeKeys`. */
export const CUSTOMER_STRIPE_KEYS = Symbol('customer-stripe-keys');
export type CustomerStripeKeys = BillingConfig['VOUCHSAFE_CUSTOMER_STRIPE_KEYS'];

/** Before anything of a request is read. @throws Problem `rejected` where the deployment has switched the feature off */
@Injectable()
export class CustomerStripeKeysGuard implements CanActivate {
  constructor(@Inject(CUSTOMER_STRIPE_KEYS) private readonly keys: CustomerStripeKeys) {}

  canActivate(): true {
    if (this.keys === 'on') return true;
    throw problem('rejected', {
      detail: 'This deployment does not take Stripe keys of customers',
      reason: 'switched-off',
    });
  }
}
