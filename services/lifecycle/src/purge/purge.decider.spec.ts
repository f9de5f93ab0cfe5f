/** @promise P31 an organization counts as erased when every service has said so, the one with its log last */
import { describe, expect, it } from '@jest/globals';
import { fold, given, organizationId } from '@vouchsafe/event-sourcing';
import { purge, type PurgeBeginning, type PurgeReceipt } from './purge.decider.js';
import type { PurgeEvent } from './purge.events.js';

const erasedOrganizationId = organizationId.parse('5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01');
const erasureId = '0d3c3c25-6a0c-4b55-93cd-6a6d2f1f9d11';
const which = { erasureId, erasedOrganizationId };
const beginning: PurgeBeginning = {
  ...which,
  ...{ endedAt: '2027-01-31T13:45:10.000Z', cause: 'subscriptions-ended', noticedAt: null },
  backupPolicy: { keptDays: 30, intervalDays: 7 },
  ...{ productionErasedBy: '2027-08-29T13:45:10.000Z', backupsExpiredBy: '2027-11-27T13:45:10.000Z' },
};
const services = { all: ['identity', 'audit', 'billing'], last: 'audit' };
const at = new Date('2027-06-01T00:00:00.000Z');

const after = (days: number) => new Date(at.getTime() + days * 86_400_000);
const advance = (days: number) => ({ type: 'advance', services, at: after(days) }) as const;

const begun: PurgeEvent = { type: 'purge-begun', data: beginning };
const requested = (...names: string[]): PurgeEvent => ({
  type: 'purge-requested',
  data: { ...which, endedAt: beginning.endedAt, cause: beginning.cause, services: names },
});
const receiptOf = (service: string): PurgeReceipt => ({
  ...{ service, stores: [], keysDestroyed: 3, kept: [], retained: [] },
  ...{ destroyedAt: at.toISOString(), effectiveFrom: at.toISOString() },
});
const received = (service: string): PurgeEvent => ({
  type: 'purge-receipt-received',
  data: { ...which, ...receiptOf(service) },
});
const note = (service: string, all = services.all) =>
  ({ type: 'note-receipt', receipt: receiptOf(service), services: { ...services, all } }) as const;
const erased: PurgeEvent = {
  type: 'production-erased',
  data: { ...which, erasedAt: after(7).toISOString(), backupsExpiredBy: beginning.backupsExpiredBy },
};

describe('a purge', () => {
  const first = [begun, requested('identity', 'billing')];

  it('begins with every service but the one with the log', () => {
    given(purge, []).when({ type: 'begin', beginning, services }).then(first);
    given(purge, first).when({ type: 'begin', beginning, services }).then([]);
  });

  it('goes on to the log when all others are done', () => {
    given(purge, first)
      .when(note('billing'))
      .then([received('billing')]);
    given(purge, [...first, received('billing')])
      .when(note('identity'))
      .then([received('identity'), requested('audit')]);
  });

  const all = [...first, received('billing'), received('identity'), requested('audit')];

  it('is done in production a week after the last receipt, once: so long the bus keeps what it has', () => {
    const everyReceipt = [...all, received('audit')];
    given(purge, all)
      .when(note('audit'))
      .then([received('audit')]);
    given(purge, all).when(advance(100)).then([]);
    given(purge, everyReceipt).when(advance(6.99)).then([]);
    given(purge, everyReceipt).when(advance(7)).then([erased]);
    given(purge, [...everyReceipt, erased])
      .when(advance(8))
      .then([]);
    given(purge, [...everyReceipt, erased])
      .when(note('audit'))
      .then([]);
    expect(fold(purge, [...everyReceipt, erased])).toMatchObject({
      status: 'production-erased',
      erasedAt: after(7).toISOString(),
    });
  });

  it('takes in a service that was added meanwhile', () => {
    const more = [...services.all, 'support'];
    given(purge, all)
      .when(note('audit', more))
      .then([received('audit'), requested('support')]);
    given(purge, [...all, received('audit'), requested('support')])
      .when(note('support', more))
      .then([received('support')]);
  });

  it('that was never begun has no receipts', () => {
    given(purge, []).when(note('billing')).then({ rejected: 'not-begun' });
  });
});
