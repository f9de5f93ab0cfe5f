import { randomUUID } from 'node:crypto';
import { Stripe } from 'stripe';
import { balanceRoutes } from './balance.ts';
import { chargeRoutes } from './charges.ts';
import { checkoutRoutes } from './checkout-sessions.ts';
import { collectingRoutes } from './collecting.ts';
import { customerRoutes } from './customers.ts';
import { disputeRoutes } from './disputes.ts';
import { doWhatIsDue } from './due.ts';
import { eventRoutes } from './events.ts';
import { expanded, requireDepth } from './expand.ts';
import { readForm } from './form.ts';
import { answerKeptFor, fingerprintOf, forgetOldAnswers, keepAnswer } from './idempotency.ts';
import { invoiceRoutes } from './invoice-routes.ts';
import { requireKey } from './keys.ts';
import { matched } from './matching.ts';
import { paymentIntentRoutes } from './payment-intents.ts';
import { paymentMethodRoutes } from './payment-methods.ts';
import { portalRoutes } from './portal.ts';
import { priceRoutes } from './prices.ts';
import { type ErrorBody, invalid, Problem } from './problem.ts';
import { refundRoutes } from './refunds.ts';
import type { Routes } from './routes.ts';
import { setupIntentRoutes } from './setup-intents.ts';
import { subscriptionRoutes } from './subscriptions.ts';
import type { World } from './world.ts';

/** Every route that is played. */
export const apiRoutes: Routes = {
  ...balanceRoutes,
  ...chargeRoutes,
  ...checkoutRoutes,
  ...collectingRoutes,
  ...customerRoutes,
  ...disputeRoutes,
  ...eventRoutes,
  ...invoiceRoutes,
  ...paymentIntentRoutes,
  ...paymentMethodRoutes,
  ...portalRoutes,
  ...priceRoutes,
  ...refundRoutes,
  ...setupIntentRoutes,
  ...subscriptionRoutes,
};

/** A request to the API as it came. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly authorization: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly version: string | undefined;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers one request, and keeps what it changed. @param failure in place of carrying it out */
export function answerTo(
  world: World,
  secretKey: string,
  request: ApiRequest,
  failure?: { readonly status: number; readonly body: ErrorBody },
): ApiAnswer {
  const id = `req_${randomUUID().replaceAll('-', '').slice(0, 14)}`;
  const headers = { 'request-id': id, 'stripe-version': Stripe.API_VERSION };
  // Only POST is repeated by key: the others do no harm when they are done twice.
  const key = request.method === 'POST' ? request.idempotencyKey : undefined;
  try {
    doWhatIsDue(world, world.now());
    forgetOldAnswers(world);
    requireKey(world, secretKey, request.authorization, `${request.method} ${request.path}`);
    requireVersion(request.version);
    const fingerprint = fingerprintOf(`${request.method} ${request.path}`, request.body);
    const kept = key === undefined ? undefined : answerKeptFor(world, key, fingerprint);
    if (kept)
      return {
        ...kept,
        headers: {
          ...headers,
          'idempotent-replayed': 'true',
          ...(key !== undefined && { 'idempotency-key': key }),
        },
      };
    world.asked = { id, idempotency_key: key ?? null };
    const { isKept, ...answer } = failure ? failed(failure, id) : carriedOut(world, request, id);
    if (key !== undefined && isKept) keepAnswer(world, key, { fingerprint, ...answer });
    return { ...answer, headers: { ...headers, ...(key !== undefined && { 'idempotency-key': key }) } };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { ...failed(error, id), headers };
  } finally {
    world.asked = { id: null, idempotency_key: null };
    world.settle();
  }
}

interface Answered {
  readonly status: number;
  readonly body: string;
  readonly isKept: boolean;
}

function carriedOut(world: World, request: ApiRequest, id: string): Answered {
  try {
    const { method, path, query, body } = request;
    const found = matched(apiRoutes, method, path);
    if (!found)
      throw new Problem(
        404,
        {
          type: 'invalid_request_error',
          message: `Unrecognized request URL (${method}: ${path}). The stand-in plays only a part of Stripe.`,
        },
        false,
      );
    const form = readForm(method === 'POST' ? body : query);
    const paths = Array.isArray(form.expand) ? form.expand.filter((one) => typeof one === 'string') : [];
    requireDepth(paths);
    const answer = found.handler({ world, form, path: found.path, route: path });
    return { status: 200, body: JSON.stringify(expanded(world, answer, paths), null, 2), isKept: true };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return failed(error, id);
  }
}

function failed(
  {
    status,
    body,
    isKept = true,
  }: { readonly status: number; readonly body: ErrorBody; readonly isKept?: boolean },
  id: string,
): Answered {
  const error = {
    ...body,
    ...(body.code && { doc_url: `https://docs.stripe.com/error-codes/${body.code.replaceAll('_', '-')}` }),
    request_log_url: `https://dashboard.stripe.com/test/logs/${id}`,
  };
  return { status, body: JSON.stringify({ error }, null, 2), isKept };
}

function requireVersion(version: string | undefined): void {
  if (version !== undefined && version !== Stripe.API_VERSION)
    throw invalid(`Invalid Stripe API version: ${version}. The stand-in plays ${Stripe.API_VERSION} alone.`);
}
