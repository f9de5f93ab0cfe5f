/** @promise P10 a request goes its way, and no other; what was not approved is not erased */
import { describe, expect, it } from '@jest/globals';
import { fold, given, userId as parseUser } from '@vouchsafe/event-sourcing';
import { archiveOf, dataRequest, nextExpiry } from './data-request.decider.js';
import type { DataRequestEvent } from './data-request.events.js';
import type { PreviewItem } from './preview.js';

const [dataRequestId, contactId, receiptId, erasureId] = [1, 2, 3, 4].map(
  (nth) => `0d3c3c25-6a0c-4b55-93cd-6a6d2f1f9d1${nth}`,
) as [string, string, string, string];
const userId = parseUser.parse('7d3c3c25-6a0c-4b55-93cd-6a6d2f1f9d11');
const which = { dataRequestId, contactId };
const receivedAt = '2027-01-31T12:00:00.000Z';
const entered = {
  ...which,
  receiptId,
  kind: 'erasure' as const,
  receivedAt,
  contact: 'ada@example.com',
  text: null,
};
const inside = { ...entered, userId, channel: 'inside' as const };
const received: DataRequestEvent = { type: 'data-request-received', data: inside };
const accepted: DataRequestEvent = { type: 'data-request-accepted', data: { ...which, userId } };
const item: PreviewItem = {
  ...{ service: 'identity', store: 'people', action: 'delete', records: 3, grows: false },
  ...{ ground: null, until: null },
};
const scoped: DataRequestEvent = {
  type: 'data-request-scoped',
  data: { ...which, hash: 'h1', items: [item] },
};
const approved: DataRequestEvent = {
  type: 'data-request-erasure-approved',
  data: { ...which, userId, erasureId, previewHash: 'h1' },
};
const at = (time: string) => new Date(time);
const approve = (now: readonly PreviewItem[], hash = 'h1') =>
  ({ type: 'approve', hash, now, erasureId }) as const;
const receipt = (service: string, retained: readonly object[] = []) =>
  ({
    ...{ type: 'note-receipt', erasureId, services: ['identity', 'audit'], at: at(receivedAt) },
    receipt: { service, keysDestroyed: 1, destroyedAt: receivedAt, effectiveFrom: receivedAt, retained },
  }) as never;

describe('a request', () => {
  it('may have been received earlier, and never later than now', () => {
    const receive = (now: string) => ({ type: 'receive', received: inside, at: at(now) }) as const;
    given(dataRequest, []).when(receive('2027-02-05T00:00:00.000Z')).then([received]);
    given(dataRequest, []).when(receive('2027-01-31T11:59:59.999Z')).then({ rejected: 'in-future' });
  });

  it('is extended once, within the first month', () => {
    const extend = (now: string) => ({ type: 'extend', reasons: 'Much', at: at(now) }) as const;
    const dueAt = '2027-04-30T12:00:00.000Z';
    const extended: DataRequestEvent = {
      type: 'data-request-extended',
      data: { ...which, reasons: 'Much', dueAt },
    };
    given(dataRequest, [received]).when(extend('2027-02-28T12:00:00.000Z')).then([extended]);
    given(dataRequest, [received])
      .when(extend('2027-02-28T12:00:00.001Z'))
      .then({ rejected: 'first-month-over' });
    given(dataRequest, [received, extended])
      .when(extend('2027-02-01T00:00:00.000Z'))
      .then({ rejected: 'already-extended' });
  });

  it('from outside is nobody’s before it is confirmed, within two days', () => {
    const outside: DataRequestEvent = { type: 'data-request-entered', data: entered };
    given(dataRequest, [outside]).when({ type: 'accept', userId }).then({ rejected: 'wrong-state' });
    given(dataRequest, [outside])
      .when({ type: 'confirm', at: at('2027-02-02T12:00:00.000Z') })
      .then({ rejected: 'wrong-state' });
    given(dataRequest, [outside])
      .when({ type: 'confirm', at: at('2027-02-02T11:59:59.000Z') })
      .then([{ type: 'data-request-confirmed', data: { ...which, kind: 'erasure', receivedAt } }]);
    expect(nextExpiry(fold(dataRequest, [outside]))?.expired).toEqual([contactId, dataRequestId]);
  });
});

describe('an erasure', () => {
  it('begins as it was previewed, and asks again where there is more than was approved', () => {
    const before = [received, accepted, scoped];
    given(dataRequest, [received, accepted])
      .when(approve([item]))
      .then({ rejected: 'wrong-state' });
    given(dataRequest, before)
      .when(approve([item], 'h0'))
      .then({ rejected: 'other-preview' });
    given(dataRequest, before)
      .when(approve([item, { ...item, store: 'emails' }]))
      .then({ rejected: 'preview-changed' });
    given(dataRequest, before)
      .when(approve([{ ...item, records: 4 }]))
      .then({ rejected: 'preview-changed' });
    given(dataRequest, before)
      .when(approve([{ ...item, records: 2 }]))
      .then([approved]);
    given(dataRequest, before)
      .when(approve([{ ...item, action: 'keep', ground: 'a new one' }]))
      .then({ rejected: 'preview-changed' });
  });

  it('lets a log grow by itself between preview and approval', () => {
    const log = { ...item, service: 'audit', store: 'entries', grows: true };
    const seen: DataRequestEvent = { ...scoped, data: { ...scoped.data, items: [log] } };
    given(dataRequest, [received, accepted, seen])
      .when(approve([{ ...log, records: 9 }]))
      .then([approved]);
  });

  it('is partial until every service has given its receipt, and says what stays', () => {
    const kept = { what: 'invoices-at-stripe', ground: 'statutory-accounting', until: '2037-12-31' } as const;
    const begun = [received, accepted, scoped, approved];
    const first = dataRequest.decide(fold(dataRequest, begun), receipt('identity', [kept]));
    expect(first).toMatchObject([{ type: 'data-request-erasure-receipt-received' }]);
    const partial = [...begun, ...(first as DataRequestEvent[])];
    expect(fold(dataRequest, partial).status).toBe('partial');
    given(dataRequest, partial).when(receipt('identity')).then([]);
    const last = dataRequest.decide(fold(dataRequest, partial), receipt('audit')) as DataRequestEvent[];
    expect(last[1]).toMatchObject({ type: 'data-request-fulfilled', data: { exceptions: [kept] } });
    expect(fold(dataRequest, [...partial, ...last]).status).toBe('fulfilled-with-exceptions');
  });

  it('is open again where it could not begin', () => {
    const refused = { type: 'note-refusal', erasureId, reason: 'last-owner' } as const;
    const stopped: DataRequestEvent = {
      type: 'data-request-erasure-stopped',
      data: { ...which, erasureId, reason: 'last-owner' },
    };
    given(dataRequest, [received, accepted, scoped, approved]).when(refused).then([stopped]);
    expect(fold(dataRequest, [received, accepted, scoped, approved, stopped]).status).toBe('accepted');
  });
});

describe('a restriction', () => {
  const asked: DataRequestEvent = { ...received, data: { ...inside, kind: 'restriction' } } as never;
  const fulfilled: DataRequestEvent = {
    type: 'data-request-fulfilled',
    data: { ...which, fulfilledAt: receivedAt, statement: 'Blocked', exceptions: [] },
  };
  const told: DataRequestEvent = {
    type: 'data-request-recipients-notified',
    data: { ...which, recipients: [] },
  };
  const announced: DataRequestEvent = {
    type: 'data-request-lifting-announced',
    data: { ...which, reasons: 'Correct', announcedAt: receivedAt },
  };
  const close = { type: 'close', isToldOtherwise: false, at: at(receivedAt) } as const;
  const announce = { type: 'announce-lifting', reasons: 'Correct', at: at(receivedAt) } as const;

  it('ends only after whoever asked was told (Article 18(3) GDPR)', () => {
    const restricted = [asked, accepted, fulfilled, told];
    given(dataRequest, restricted).when(close).then({ rejected: 'lifting-not-announced' });
    given(dataRequest, restricted).when(announce).then([announced]);
    given(dataRequest, [...restricted, announced])
      .when(close)
      .then({ rejected: 'not-told' });
    given(dataRequest, [
      ...[...restricted, announced],
      {
        type: 'data-request-notice-sent',
        data: { ...which, notice: 'restriction-ends', sentAt: receivedAt },
      },
    ])
      .when(close)
      .then([{ type: 'data-request-closed', data: { ...which, closedAt: receivedAt } }]);
    given(dataRequest, [received, accepted, fulfilled]).when(announce).then({ rejected: 'wrong-state' });
  });

  it('takes the confirmations of recipients when they come', () => {
    const recipients = [{ name: 'Mail house', notifiedAt: receivedAt, confirmedAt: receivedAt }];
    given(dataRequest, [asked, accepted, fulfilled, told])
      .when({ type: 'note-recipients', recipients })
      .then([{ type: 'data-request-recipients-notified', data: { ...which, recipients } }]);
  });
});

describe('a request that somebody else decides about', () => {
  const toOrganizationId = '9d3c3c25-6a0c-4b55-93cd-6a6d2f1f9d11';
  const transfer = { type: 'transfer', toOrganizationId, at: at(receivedAt) } as const;
  const transferred: DataRequestEvent = {
    type: 'data-request-transferred',
    data: { ...which, toOrganizationId, transferredAt: receivedAt },
  };

  it('is handed over before anything is previewed, and is closed here', () => {
    given(dataRequest, [received, accepted]).when(transfer).then([transferred]);
    given(dataRequest, [received, accepted, scoped]).when(transfer).then({ rejected: 'wrong-state' });
    const state = fold(dataRequest, [received, transferred]);
    expect(state).toMatchObject({ status: 'closed', outcome: { transferredTo: toOrganizationId } });
    expect(nextExpiry(state)?.expired).toEqual([contactId]);
  });
});

describe('an archive', () => {
  const archiveId = '0d3c3c25-6a0c-4b55-93cd-6a6d2f1f9d15';
  const asked: DataRequestEvent = { type: 'data-request-received', data: { ...inside, kind: 'access' } };
  const requested: DataRequestEvent = {
    type: 'data-request-archive-requested',
    data: { ...which, userId, archiveId },
  };
  const now = at('2027-02-05T00:00:00.000Z');
  const made = { type: 'archive', archiveId } as const;

  it('answers access and portability, of an account that is known, once they were accepted', () => {
    given(dataRequest, [asked, accepted]).when(made).then([requested]);
    given(dataRequest, [asked]).when(made).then({ rejected: 'wrong-state' });
    given(dataRequest, [received, accepted]).when(made).then({ rejected: 'no-archive' });
    const nobody: DataRequestEvent = { type: 'data-request-accepted', data: { ...which, userId: null } };
    given(dataRequest, [asked, nobody]).when(made).then({ rejected: 'no-account' });
  });

  it('fulfils the request when it is ready, and gives it back when it was deleted before', () => {
    const history = [asked, accepted, requested];
    const done = { fulfilledAt: now.toISOString(), statement: null, exceptions: [] };
    const fulfilled: DataRequestEvent = { type: 'data-request-fulfilled', data: { ...which, ...done } };
    given(dataRequest, history).when({ type: 'note-archive', archiveId, at: now }).then([fulfilled]);
    expect(archiveOf(fold(dataRequest, [...history, fulfilled]))).toBe(archiveId);
    const stopped: DataRequestEvent = {
      type: 'data-request-archive-stopped',
      data: { ...which, archiveId },
    };
    given(dataRequest, history).when({ type: 'note-archive-deleted', archiveId }).then([stopped]);
    expect(fold(dataRequest, [...history, stopped])).toMatchObject({ status: 'accepted' });
    // Another one is nothing to this request, nor one that is ready.
    given(dataRequest, history).when({ type: 'note-archive', archiveId: erasureId, at: now }).then([]);
    given(dataRequest, [...history, fulfilled])
      .when({ type: 'note-archive-deleted', archiveId })
      .then([]);
    given(dataRequest, history)
      .when({ type: 'refuse', ground: 'excessive', reasons: 'No', at: now })
      .then({ rejected: 'wrong-state' });
  });
});
