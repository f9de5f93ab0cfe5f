import type { Decline } from './problem.ts';

/** What becomes of a card. `declines` is refused at once, `declines-later` when it is charged. */
type Behaviour =
  | 'succeeds'
  | 'declines'
  | 'declines-later'
  | 'authenticates-until-set-up'
  | 'authenticates-always'
  | 'is-disputed'
  | 'is-reported';

export interface TestCard {
  readonly number: string;
  readonly brand: 'visa' | 'mastercard' | 'amex';
  readonly funding: 'credit' | 'debit';
  readonly country: string;
  readonly behaviour: Behaviour;
  readonly decline?: Decline;
}

const declined: Decline = {
  code: 'card_declined',
  decline_code: 'generic_decline',
  message: 'Your card was declined.',
};
const because = (decline_code: string, message: string): Decline => ({
  code: 'card_declined',
  decline_code,
  message,
});
export const needsAuthentication: Decline = {
  code: 'authentication_required',
  decline_code: 'authentication_required',
  message: 'Your card was declined. This transaction requires authentication.',
};

const visa = { brand: 'visa', funding: 'credit', country: 'US' } as const;
const refused = { ...visa, behaviour: 'declines' } as const;

/** The published ones, by the name of their token without `pm_card_`. https://docs.stripe.com/testing */
const cards: Readonly<Record<string, TestCard>> = {
  visa: { ...visa, number: '4242424242424242', behaviour: 'succeeds' },
  visa_debit: { ...visa, funding: 'debit', number: '4000056655665556', behaviour: 'succeeds' },
  mastercard: { ...visa, brand: 'mastercard', number: '5555555555554444', behaviour: 'succeeds' },
  amex: { ...visa, brand: 'amex', number: '378282246310005', behaviour: 'succeeds' },
  de: { ...visa, country: 'DE', number: '4000002760000016', behaviour: 'succeeds' },
  jp: { ...visa, country: 'JP', number: '4000003920000003', behaviour: 'succeeds' },
  visa_chargeDeclined: { ...refused, number: '4000000000000002', decline: declined },
  visa_chargeDeclinedInsufficientFunds: {
    ...refused,
    number: '4000000000009995',
    decline: because('insufficient_funds', 'Your card has insufficient funds.'),
  },
  visa_chargeDeclinedLostCard: {
    ...refused,
    number: '4000000000009987',
    decline: because('lost_card', 'Your card was declined.'),
  },
  visa_chargeDeclinedStolenCard: {
    ...refused,
    number: '4000000000009979',
    decline: because('stolen_card', 'Your card was declined.'),
  },
  chargeDeclinedExpiredCard: {
    ...refused,
    number: '4000000000000069',
    decline: { code: 'expired_card', message: 'Your card has expired.' },
  },
  chargeDeclinedIncorrectCvc: {
    ...refused,
    number: '4000000000000127',
    decline: { code: 'incorrect_cvc', message: "Your card's security code is incorrect." },
  },
  chargeDeclinedProcessingError: {
    ...refused,
    number: '4000000000000119',
    decline: { code: 'processing_error', message: 'An error occurred while processing your card.' },
  },
  chargeCustomerFail: {
    ...visa,
    number: '4000000000000341',
    behaviour: 'declines-later',
    decline: declined,
  },
  authenticationRequiredOnSetup: {
    ...visa,
    country: 'IE',
    number: '4000002500003155',
    behaviour: 'authenticates-until-set-up',
  },
  authenticationRequired: {
    ...visa,
    country: 'DE',
    number: '4000002760003184',
    behaviour: 'authenticates-always',
  },
  createDispute: { ...visa, number: '4000000000000259', behaviour: 'is-disputed' },
  createIssuerFraudRecord: { ...visa, number: '4000000000005423', behaviour: 'is-reported' },
};

/** @returns its name, where it is one of the published test cards: no other number is taken, and none is kept */
export function cardNumbered(number: string): string | undefined {
  const digits = number.replace(/[ -]/g, '');
  return Object.keys(cards).find((name) => cards[name]?.number === digits);
}

/** @param token `pm_card_visa`, `tok_visa` */
export function cardOfToken(token: string): string | undefined {
  const name = token.replace(/^(?:pm_card|tok)_/, '');
  return name !== token && Object.hasOwn(cards, name) ? name : undefined;
}

export function cardNamed(name: string): TestCard {
  const card = cards[name];
  if (!card) throw new Error(`There is no test card ${name}`);
  return card;
}
