import { billingFacts, type Fact, factOf } from '@vouchsafe/contracts';
import { unreachable } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { InvoiceEvent } from './invoice.events.js';

export function publishInvoice(event: RecordedEvent<InvoiceEvent>): readonly Fact[] {
  const { type } = event;
  switch (type) {
    case 'invoice-observed':
      return [];
    case 'invoice-finalized':
      return factOf(billingFacts.invoiceFinalized, event);
    case 'invoice-paid':
      return factOf(billingFacts.invoicePaid, event);
    case 'payment-failed':
      return factOf(billingFacts.paymentFailed, event);
    case 'invoice-voided':
      return factOf(billingFacts.invoiceVoided, event);
    case 'invoice-marked-uncollectible':
      return factOf(billingFacts.invoiceMarkedUncollectible, event);
    default:
      return unreachable(type);
  }
}
