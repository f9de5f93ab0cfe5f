import { inlineProjection } from '@vouchsafe/event-store';
import { InvoiceRow } from './invoice.entity.js';
import type { InvoiceEvent } from './invoice.events.js';

/** The register, in the transaction that appends. */
export const invoiceProjection = inlineProjection<InvoiceEvent>({
  name: 'invoice',
  on: {
    'invoice-observed': async (transaction, { data }) => {
      const { organizationId, invoiceId, content, fetchedAt } = data;
      const entityManager = await transaction.entityManager();
      await entityManager.upsert(InvoiceRow, {
        organizationId,
        invoiceId,
        ...content,
        observedAt: fetchedAt,
      });
    },
  },
});
