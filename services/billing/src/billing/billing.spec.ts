import { describe, it } from '@jest/globals';
import { given, organizationId } from '@vouchsafe/event-sourcing';
import { billing } from './billing.decider.js';

const data = {
  organizationId: organizationId.parse('5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01'),
  billingId: '5b0c7cbd-6b3c-4f0a-9a0e-000000000001',
};
const created = { type: 'billing-created', data } as const;
const retired = { type: 'billing-retired', data } as const;

describe('a billing', () => {
  it('is created once', () => {
    given(billing, [])
      .when({ type: 'create', ...data })
      .then([created]);
    given(billing, [created])
      .when({ type: 'create', ...data })
      .then({ rejected: 'already-created' });
  });

  it('is retired once, and only when it is live', () => {
    given(billing, [created]).when({ type: 'retire' }).then([retired]);
    given(billing, [created, retired]).when({ type: 'retire' }).then({ rejected: 'not-live' });
    given(billing, []).when({ type: 'retire' }).then({ rejected: 'not-live' });
  });
});
