/** @promise P10 a receipt that somebody else signed, or that contradicts itself, is refused */
import { describe, expect, it } from '@jest/globals';
import { canonicalJson, ed25519Signer, signNote } from '@vouchsafe/transparency-log';
import { receiptInPlainWords } from '../command/receipt-words.js';
import { isDocument } from '../signed-document.js';
import { RECEIPT, type Receipt } from './receipt.js';
import { type ReceiptVerification, verifyReceipt } from './verify-receipt.js';

const signer = ed25519Signer('ops.example/certificates', Buffer.alloc(32, 2));
const at = (minute: number) => new Date(Date.UTC(2027, 0, 1, 12, minute)).toISOString();
const invoices = {
  what: 'invoices-at-stripe',
  ground: 'statutory-accounting',
  until: '2037-12-31',
} as const;
const times = { destroyedAt: at(10), effectiveFrom: at(11) };
const good: Receipt = {
  ...{ format: 'vouchsafe-erasure-receipt', version: 1, previewHash: 'a'.repeat(64) },
  ...{ dataRequestId: 'a-request', organizationId: 'an-organization', userId: 'a-user', erasureId: 'one' },
  ...{ receivedAt: at(0), fulfilledAt: at(12), issuedAt: at(12) },
  services: [
    { service: 'identity', keysDestroyed: 2, ...times, retained: [] },
    { service: 'billing', keysDestroyed: 0, ...times, retained: [invoices] },
  ],
  exceptions: [invoices],
};

function fileOf(receipt: object, title = 'vouchsafe erasure receipt v1', by = signer): Uint8Array {
  return signNote(`${title}\n${canonicalJson(receipt)}\n`, by.signer);
}

function verify(bytes: Uint8Array, given: [typeof signer.key] | 'none' = [signer.key]): ReceiptVerification {
  const source = {
    size: bytes.length,
    read: (offset: number, length: number) => Buffer.from(bytes.subarray(offset, offset + length)),
  };
  expect(isDocument(source, RECEIPT)).toBe(true);
  return verifyReceipt(source, given === 'none' ? undefined : given);
}
const why = (verified: ReceiptVerification) => ('why' in verified ? verified.why : verified.status);

describe('a receipt of an erasure', () => {
  it('holds against the key of its operator, and says what it shows', () => {
    const verified = verify(fileOf(good));
    expect(verified).toMatchObject({ status: 'holds', signer: 'ops.example/certificates' });
    if ('why' in verified) throw new Error(verified.why);
    const words = receiptInPlainWords('receipt.note', verified);
    expect(words).toMatch(/^receipt\.note HOLDS/);
    expect(words).toContain('2 services destroyed 2 keys');
    expect(words).toContain('"invoices-at-stripe"');
  });

  it('without a key holds by its own words only', () => {
    const verified = verify(fileOf(good), 'none');
    expect(verified.status).toBe('holds-by-its-own-keys');
    if ('why' in verified) throw new Error(verified.why);
    expect(receiptInPlainWords('x', verified)).toContain('its signature was not checked');
  });

  it('that another key signed is refused', () => {
    const forged = ed25519Signer('ops.example/certificates', Buffer.alloc(32, 9));
    expect(why(verify(fileOf(good, undefined, forged)))).toContain('not signed by a key');
    const log = ed25519Signer('ops.example/1234', Buffer.alloc(32, 2));
    expect(why(verify(fileOf(good, undefined, log), [log.key]))).toContain('no key that signs receipts');
  });

  it('is refused with any byte changed', () => {
    const bytes = fileOf(good);
    for (let place = 30; place < bytes.length; place += 11) {
      const changed = Uint8Array.from(bytes);
      changed[place] = (changed[place] ?? 0) ^ 1;
      expect([place, ['does-not-hold', 'unreadable']]).toEqual([
        place,
        expect.arrayContaining([verify(changed).status]) as unknown,
      ]);
    }
  });

  it('of a later version is not judged', () => {
    expect(verify(fileOf(good, 'vouchsafe erasure receipt v2')).status).toBe('unreadable');
  });

  it.each([
    ['no services', { services: [], exceptions: [] }, 'no services'],
    ['a service twice', { services: [good.services[0], good.services[0]], exceptions: [] }, 'one twice'],
    ['an exception left out', { exceptions: [] }, 'not what its services have kept'],
    ['an erasure before the request', { receivedAt: at(11) }, 'only after'],
    ['a fulfilment before the erasure', { fulfilledAt: at(10) }, 'only after'],
    ['a receipt before the fulfilment', { issuedAt: at(11) }, 'only after'],
    ['a member more', { surplus: 1 }, 'does not have the members'],
  ])('with %s is refused', (_, change, reason) => {
    expect(why(verify(fileOf({ ...good, ...change })))).toContain(reason);
  });
});
