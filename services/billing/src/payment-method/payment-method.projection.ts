import { isErased } from '@vouchsafe/event-sourcing';
import { inlineProjection } from '@vouchsafe/event-store';
import { PaymentMethodRow } from './payment-method.entity.js';
import type { PaymentMethodEvent } from './payment-method.events.js';
import { sealCard } from './sealed-card.js';

/** The register, in the transaction that appends. */
export const paymentMethodProjection = inlineProjection<PaymentMethodEvent>({
  name: 'payment-method',
  on: {
    'payment-method-observed': async (transaction, { data }, vault) => {
      const { organizationId, paymentMethodId, content, fetchedAt } = data;
      const { customerId, kind, card, createdAt } = content;
      const place = { organizationId, paymentMethodId };
      const entityManager = await transaction.entityManager();
      await entityManager.upsert(PaymentMethodRow, {
        ...place,
        customerId,
        kind,
        cardSealed: card === null || isErased(card) ? null : await sealCard(vault, transaction, place, card),
        createdAt,
        detachedAt: customerId === null ? fetchedAt : null,
        observedAt: fetchedAt,
      });
    },
  },
});
