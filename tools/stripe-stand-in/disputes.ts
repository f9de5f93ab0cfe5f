import { z } from 'zod';
import type { Charge, Dispute, EarlyFraudWarning } from './objects.ts';
import { created, paging, parameters } from './parameters.ts';
import { isWithin, pageOf, type Routes } from './routes.ts';
import type { World } from './world.ts';

/** Days in which a dispute can be answered. */
const EVIDENCE_DAYS = 9;

const byPayment = {
  charge: z.string().optional(),
  payment_intent: z.string().optional(),
  created: created.optional(),
  ...paging,
};

export const disputeRoutes: Routes = {
  'GET /v1/disputes': ({ world, form, route }) => {
    const { charge, payment_intent: intent, created: times, ...page } = parameters(form, byPayment);
    const found = world
      .all('dispute')
      .filter((one) => isWithin(one, times) && (charge === undefined || one.charge === charge))
      .filter((one) => intent === undefined || one.payment_intent === intent);
    return pageOf(route, found, page);
  },
  'GET /v1/disputes/:id': ({ world, path }) => world.get('dispute', path('id')),
  'POST /v1/disputes/:id/close': ({ world, path }) =>
    closeDispute(world, world.get('dispute', path('id')), 'lost'),
  'GET /v1/radar/early_fraud_warnings': ({ world, form, route }) => {
    const { charge, payment_intent: intent, created: times, ...page } = parameters(form, byPayment);
    const found = world
      .all('radar.early_fraud_warning')
      .filter((one) => isWithin(one, times) && (charge === undefined || one.charge === charge))
      .filter((one) => intent === undefined || one.payment_intent === intent);
    return pageOf(route, found, page);
  },
  'GET /v1/radar/early_fraud_warnings/:id': ({ world, path }) =>
    world.get('radar.early_fraud_warning', path('id')),
};

export function makeDispute(world: World, charge: Charge, reason = 'fraudulent'): Dispute {
  world.change(charge, { disputed: true });
  const dispute: Dispute = {
    id: world.newId('dp_1'),
    object: 'dispute',
    amount: charge.amount,
    balance_transactions: [],
    charge: charge.id,
    created: world.now(),
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: { ...noEvidence },
    evidence_details: {
      due_by: world.now() + EVIDENCE_DAYS * 86_400,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: null,
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method_details: {
      type: 'card',
      card: {
        brand: charge.payment_method_details?.card?.brand ?? 'visa',
        case_type: 'chargeback',
        network: charge.payment_method_details?.card?.network ?? 'visa',
        network_reason_code: '10.4',
      },
    },
    reason,
    status: 'needs_response',
  };
  world.add(dispute, 'charge.dispute.created');
  world.tell('charge.dispute.funds_withdrawn', dispute);
  return dispute;
}

export function closeDispute(world: World, dispute: Dispute, status: 'won' | 'lost'): Dispute {
  world.change(dispute, { status }, 'charge.dispute.closed');
  if (status === 'won') world.tell('charge.dispute.funds_reinstated', dispute);
  return dispute;
}

export function makeEarlyFraudWarning(world: World, charge: Charge): EarlyFraudWarning {
  const warning: EarlyFraudWarning = {
    id: world.newId('issfr_1'),
    object: 'radar.early_fraud_warning',
    actionable: true,
    charge: charge.id,
    created: world.now(),
    fraud_type: 'made_with_stolen_card',
    livemode: false,
    ...(charge.payment_intent !== null && { payment_intent: charge.payment_intent }),
  };
  return world.add(warning, 'radar.early_fraud_warning.created');
}

const noEvidence: Dispute['evidence'] = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
};
