import { billingFacts, type Fact, factOf } from '@vouchsafe/contracts';
import { unreachable } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { PaymentExceptionEvent } from './payment-exception.events.js';

export function publishPaymentException(event: RecordedEvent<PaymentExceptionEvent>): readonly Fact[] {
  const { type } = event;
  switch (type) {
    case 'payment-exception-observed':
      return [];
    case 'refund-created':
      return factOf(billingFacts.refundCreated, event);
    case 'refund-failed':
      return factOf(billingFacts.refundFailed, event);
    case 'credit-note-issued':
      return factOf(billingFacts.creditNoteIssued, event);
    case 'credit-note-voided':
      return factOf(billingFacts.creditNoteVoided, event);
    case 'dispute-opened':
      return factOf(billingFacts.disputeOpened, event);
    case 'dispute-closed':
      return factOf(billingFacts.disputeClosed, event);
    case 'early-fraud-warning-received':
      return factOf(billingFacts.earlyFraudWarningReceived, event);
    default:
      return unreachable(type);
  }
}
