/** @promise P20 refuses an event of the other mode of Stripe */
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '@vouchsafe/service-host';
import type { Secret } from '@vouchsafe/vault';
import { Stripe } from 'stripe';
import { STRIPE_SETTINGS } from '../stripe/stripe-api.js';
import type { StripeSettings } from '../stripe/stripe-settings.js';
import { readEvent, type StripeEvent } from './webhook-event.js';

/** Injection token: the endpoint's secrets, several during a rotation. */
export const WEBHOOK_SECRETS = Symbol('webhook-secrets');

export const webhookRefusals = [
  'not-configured',
  'no-signature',
  'wrong-signature',
  'wrong-time',
  'malformed',
  'unknown-account',
  'wrong-mode',
] as const;
export type WebhookRefusal = (typeof webhookRefusals)[number];

/** Seconds by which a signature's time and our clock may differ, in either direction. */
const TOLERANCE = 300;

/** Whether what arrived is Stripe's, of our account, and of the mode that we run in. */
@Injectable()
export class VerifyWebhook {
  constructor(
    @Inject(WEBHOOK_SECRETS) private readonly secrets: readonly Secret[],
    @Inject(STRIPE_SETTINGS) private readonly settings: Pick<StripeSettings, 'livemode'>,
    private readonly clock: Clock,
  ) {}

  verify(body: Buffer, signature: string | undefined): StripeEvent | { readonly rejected: WebhookRefusal } {
    if (this.secrets.length === 0) return { rejected: 'not-configured' };
    const time = timeIn(signature);
    if (signature === undefined || time === null) return { rejected: 'no-signature' };
    const isOurs = this.secrets.some((secret) => isSigned(body, signature, secret));
    if (!isOurs) return { rejected: 'wrong-signature' };
    // The SDK refuses what is old, and takes what comes from the future.
    if (Math.abs(this.clock.now().getTime() / 1000 - Number(time)) > TOLERANCE)
      return { rejected: 'wrong-time' };
    const event = readEvent(jsonOf(body));
    if (!event) return { rejected: 'malformed' };
    // We have no connected accounts.
    if (event.account !== undefined) return { rejected: 'unknown-account' };
    return event.livemode === this.settings.livemode ? event : { rejected: 'wrong-mode' };
  }
}

/** The one time of the header, in Unix seconds: with two, one could be checked and the other signed. */
function timeIn(signature = ''): string | null {
  const [time, ...others] = signature.split(',').filter((part) => part.startsWith('t='));
  return others.length === 0 ? (/^t=([0-9]{1,12})$/.exec(time ?? '')?.[1] ?? null) : null;
}

function isSigned(body: Buffer, header: string, secret: Secret): boolean {
  const { signature } = Stripe.webhooks;
  if (!signature) throw new Error('The SDK has no way to verify a signature');
  try {
    // A tolerance of 0 leaves the time to us: there is one clock, and tests move it.
    return signature.verifyHeader(body, header, secret.reveal(), 0);
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false;
    throw error;
  }
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
