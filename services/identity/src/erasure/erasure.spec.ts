import { describe, expect, it } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import { fold, isRejected, type OrganizationId, type UserId } from '@vouchsafe/event-sourcing';
import fc from 'fast-check';
import { type ErasureCommand, type PersonErasure, personErasure, type Receipt } from './erasure.decider.js';

const request = {
  type: 'request',
  organizationId: '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01' as OrganizationId,
  userId: '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c02' as UserId,
  erasureId: '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c03',
  subjects: ['5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c02'],
} as const;
const receiptOf = (service: Receipt['service']): ErasureCommand => ({
  type: 'note-receipt',
  erasureId: request.erasureId,
  receipt: {
    service,
    keysDestroyed: 1,
    destroyedAt: '2026-11-26T12:00:00.000Z',
    effectiveFrom: '2026-11-26T12:01:05.000Z',
    retained: [],
  },
});

function after(commands: readonly ErasureCommand[]): PersonErasure {
  return commands.reduce<PersonErasure>((state, command) => {
    const decision = personErasure.decide(state, command);
    return isRejected(decision) ? state : fold(personErasure, decision, state);
  }, personErasure.initial);
}

describe('the erasure of a person (P10)', () => {
  it('is done when every service has given its receipt, in whatever order, and however often', () => {
    const receipts = fc.array(fc.constantFrom(...serviceNames), { maxLength: 8 });
    fc.assert(
      fc.property(receipts, (services) => {
        const state = after([request, ...services.map(receiptOf)]);
        const given = new Set(services);
        const expected =
          given.size === 0 ? 'requested' : given.size < serviceNames.length ? 'partial' : 'erased';
        expect(state).toMatchObject({ status: expected });
        if (state.status !== 'absent') expect(state.receipts).toHaveLength(given.size);
      }),
    );
  });

  it('stays done when a service that was added later gives its receipt, too', () => {
    const done = after([request, ...serviceNames.map(receiptOf)]);
    const late = personErasure.decide(done, receiptOf('reporting'));
    expect(late).toMatchObject([{ type: 'later-erasure-receipt-received', data: { service: 'reporting' } }]);
    if (isRejected(late)) throw new Error('The receipt is taken');
    expect(fold(personErasure, late, done)).toMatchObject({
      status: 'erased',
      receipts: { length: serviceNames.length + 1 },
    });
  });

  it('says what stays of the person, and why', () => {
    const retained = [
      { what: 'invoices-at-stripe', ground: 'statutory-accounting', until: '2036-12-31' },
    ] as const;
    const billing = receiptOf('billing');
    if (billing.type !== 'note-receipt') throw new Error('It is a receipt');
    const state = after([request, { ...billing, receipt: { ...billing.receipt, retained } }]);
    expect(state).toMatchObject({ receipts: [{ service: 'billing', retained }] });
  });

  it('is asked for once: again, it stays the one that it was', () => {
    const again = { ...request, erasureId: '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c99' };
    expect(personErasure.decide(after([request]), again)).toEqual([]);
  });

  it('takes no receipt of another erasure', () => {
    const stray = { ...receiptOf('audit'), erasureId: '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c99' };
    expect(personErasure.decide(after([request]), stray)).toEqual({ rejected: 'not-requested' });
    expect(personErasure.decide(personErasure.initial, receiptOf('audit'))).toEqual({
      rejected: 'not-requested',
    });
  });
});
