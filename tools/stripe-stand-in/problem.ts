/** The errors of Stripe's API. https://docs.stripe.com/api/errors */

type ErrorType = 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';

export interface ErrorBody {
  readonly type: ErrorType;
  readonly message: string;
  readonly code?: string;
  readonly param?: string;
  readonly decline_code?: string;
  readonly charge?: string;
  readonly payment_intent?: object;
  readonly setup_intent?: object;
  readonly payment_method?: object;
}

/** An answer that is an error. */
export class Problem extends Error {
  readonly status: number;
  readonly body: ErrorBody;
  /** Stripe keeps an answer for the Idempotency-Key from when it began to carry the request out, not where it only read it. */
  readonly isKept: boolean;

  constructor(status: number, body: ErrorBody, isKept: boolean) {
    super(body.message);
    this.status = status;
    this.body = body;
    this.isKept = isKept;
  }
}

/** What is wrong with the request itself. */
export function invalid(message: string, more: { param?: string; code?: string } = {}): Problem {
  return new Problem(400, { type: 'invalid_request_error', message, ...more }, false);
}

/** What cannot be done with the objects as they are now. */
export function impossible(message: string, more: { param?: string; code?: string } = {}): Problem {
  return new Problem(400, { type: 'invalid_request_error', message, ...more }, true);
}

/** @param param the parameter that named it; the path's is `id` */
export function missing(what: string, id: string, param = 'id'): Problem {
  const body = { type: 'invalid_request_error', code: 'resource_missing', param } as const;
  const named = what.replace('payment_method', 'PaymentMethod').replace('_intent', 'intent');
  // What the path names answers 404, what a parameter names 400.
  return new Problem(param === 'id' ? 404 : 400, { ...body, message: `No such ${named}: '${id}'` }, false);
}

export interface Decline {
  readonly code:
    | 'card_declined'
    | 'expired_card'
    | 'incorrect_cvc'
    | 'processing_error'
    | 'authentication_required'
    | 'resource_missing';
  readonly decline_code?: string;
  readonly message: string;
}

export function cardError(decline: Decline, more: Partial<ErrorBody> = {}): Problem {
  return new Problem(402, { type: 'card_error', ...decline, ...more }, true);
}
