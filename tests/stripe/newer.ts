/**
 * What Stripe's API has since the version that stripe-mock's newest description is of: stripe-mock lags behind the SDK, whose version
 * we ask for. Each is in the SDK's types and its change log; a line that the description has meanwhile is refused by the suite.
 */
export const newer: readonly {
  readonly schema: string;
  readonly property: string;
  readonly since: string;
}[] = [];
