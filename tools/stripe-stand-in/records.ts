/** What is known of an object besides what is shown. */
interface Note {
  /** Of a payment method: which of the published test cards it is. */
  readonly card?: string;
  /** Of a payment method: its owner was authenticated when it was set up. */
  readonly isSetUp?: boolean;
  /** Of a Checkout session: what its page is to make. */
  readonly subscriptionMetadata?: Readonly<Record<string, string>>;
  readonly trialDays?: number;
  /** Of a Checkout session: the lines that it sells. */
  readonly lines?: readonly { readonly price: string; readonly quantity: number }[];
  /** Of a subscription: its owner was told that the trial ends soon. */
  readonly trialWillEnd?: 'told';
}

/** An answer that is given again for its Idempotency-Key. */
export interface KeptAnswer {
  readonly fingerprint: string;
  readonly status: number;
  readonly body: string;
  readonly at: number;
}

/** An event that the webhook has not taken yet. */
interface Delivery {
  readonly eventId: string;
  readonly attempts: number;
  /** Milliseconds of the real clock. */
  readonly dueAt: number;
}

/** What is kept besides Stripe's objects. */
export interface Records {
  note: Note;
  counter: number;
  /** Where the pages were when it last ran. */
  origin: string;
  answer: KeptAnswer;
  delivery: Delivery;
  /** A restricted key: what it may do. */
  key: { readonly permissions: readonly string[] };
}
