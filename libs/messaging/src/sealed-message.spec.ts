/** @promise P09 the data of a message on the bus cannot be opened in another message */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { contract, publication } from '@vouchsafe/contracts';
import { Kafka } from 'cloudevents';
import fc from 'fast-check';
import { compactDecrypt, CompactEncrypt } from 'jose';
import { z } from 'zod';
import { factMessage, readMessage, type SealedFact, type WireMessage } from './cloud-events.js';
import { noteTaken, organizations, sourceOf } from './consumer/source.fixture.js';
import { transitKeyOf } from './consumer/transit-keys.fixture.js';
import { busMessage, openFact } from './sealed-message.js';

const source = sourceOf('identity');
const fact = source.take(1, 'hello');
const { transitKey } = fact;
const message = busMessage(fact);

function sealedIn(wire: WireMessage): SealedFact {
  const read = readMessage(wire);
  if (read.kind !== 'sealed') throw new Error(`It is ${JSON.stringify(read)}`);
  return read;
}

const open = (wire: WireMessage, key = transitKey) => openFact(sealedIn(wire), key);
const changed = (headers: Record<string, string>, more: Partial<WireMessage> = {}): WireMessage => ({
  ...message,
  headers: { ...message.headers, ...headers },
  ...more,
});

describe('a message that says anything of a person', () => {
  it('is a CloudEvent whose data is one JWE, which says nothing', () => {
    const { key, headers, value } = message;
    const event = Kafka.toEvent({ key, headers, value, body: value } as never);
    expect({ ...(event as object) }).toMatchObject({
      specversion: '1.0',
      id: 'identity/1/1',
      type: noteTaken.type,
      datacontenttype: 'application/jose',
      transitkey: transitKey.id,
      data: value,
    });
    expect(JSON.stringify(message)).not.toContain('Ada');
    expect(Buffer.from(value, 'base64url').toString()).not.toContain('Ada');
  });

  it('opens by jose, with the key that its header names, and only with its own headers', async () => {
    const { plaintext, protectedHeader } = await compactDecrypt(message.value, transitKey.key);
    expect(JSON.parse(Buffer.from(plaintext).toString())).toEqual(fact.publication.data);
    expect(protectedHeader).toEqual({
      alg: 'dir',
      enc: 'A256GCM',
      cty: 'json',
      kid: transitKey.id,
      ce_id: 'identity/1/1',
      ce_type: noteTaken.type,
      ce_time: '2026-11-22T10:00:00.000Z',
    });
  });

  it('is read as the fact that it was, whatever it says, and never sealed twice in the same way', () => {
    const ivs = new Set<string>();
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, name) => {
        const said = source.take(2, text, {
          publication: publication(noteTaken, { text, author: 'ada', name }),
        });
        const wire = busMessage(said);
        const { kind, value, ...place } = openFact(sealedIn(wire), said.transitKey) ?? { kind: 'nothing' };
        expect({ kind, value }).toEqual({ kind: 'fact', value: JSON.stringify(said.publication.data) });
        expect({ ...place, kind, value }).toEqual(readMessage(factMessage(said)));
        ivs.add(wire.value.split('.')[2] ?? '');
      }),
      { numRuns: 300 },
    );
    expect(ivs.size).toBe(300);
  });

  it('that jose has sealed is read, too', async () => {
    const sealed = (header: object, key: KeyObject = transitKey.key) =>
      new CompactEncrypt(Buffer.from('{"by":"jose"}'))
        .setProtectedHeader({
          ...{ alg: 'dir', enc: 'A256GCM', ce_type: noteTaken.type, ce_id: fact.id },
          ...{ ce_time: fact.time.toISOString(), kid: transitKey.id, ...header },
        })
        .encrypt(key);
    expect(open({ ...message, value: await sealed({}) })?.value).toBe('{"by":"jose"}');
    expect(open({ ...message, value: await sealed({ ce_type: 'other' }) })).toBeUndefined();
    expect(open({ ...message, value: await sealed({ kid: 'other' }) })).toBeUndefined();
    const short = createSecretKey(transitKey.key.export().subarray(16));
    expect(open({ ...message, value: await sealed({ enc: 'A128GCM' }, short) })).toBeUndefined();
  });

  it.each<[string, WireMessage]>([
    ['its type', changed({ ce_type: 'vouchsafe.identity.note-filed.v1' })],
    ['its id', changed({ ce_id: 'identity/1/2' })],
    ['its number', changed({ ce_number: '2' })],
    ['its number and its id', changed({ ce_number: '2', ce_id: 'identity/1/2' })],
    ['its lane', changed({ ce_lane: '2' })],
    ['its source', changed({ ce_source: 'audit' })],
    ['its time', changed({ ce_time: '2026-11-22T10:00:01.000Z' })],
    ['its organization', changed({}, { key: organizations[2] ?? null })],
    ['its key’s name', changed({ ce_transitkey: transitKeyOf('another').id })],
    ['a JWE of another message', changed({}, { value: busMessage(source.take(1, 'other')).value })],
    ['no JWE', changed({}, { value: '{}' })],
    ['a JWE that is cut short', changed({}, { value: message.value.slice(0, -4) })],
    ['a JWE with one part more', changed({}, { value: `${message.value}.AA` })],
    ['an encrypted key in it', changed({}, { value: message.value.replace('..', '.AA.') })],
  ])('does not open with %s in its place', (_, wire) => {
    expect(open(wire)).toBeUndefined();
  });

  it('of a later version opens beside the others of its fact, and with the versions that its source named alone', () => {
    const versions = ['vouchsafe.identity.note-taken.v1', 'vouchsafe.identity.note-taken.v2'];
    const beside = source.take(2, 'beside');
    const wire = busMessage({ ...beside, id: `${beside.id}/v2`, versions });
    expect(open(wire, beside.transitKey)).toMatchObject({ id: `${beside.id}/v2`, versions });
    const { headers } = wire;
    for (const ce_versions of [`${versions.join(' ')} vouchsafe.identity.note-taken.v3`, versions[0] ?? ''])
      expect(open({ ...wire, headers: { ...headers, ce_versions } }, beside.transitKey)).toBeUndefined();
  });

  it('does not open by another organization’s key, nor with any bit of it changed', () => {
    expect(open(message, transitKeyOf(organizations[2] ?? ''))).toBeUndefined();
    fc.assert(
      fc.property(fc.nat(message.value.length - 1), fc.integer({ min: 1, max: 63 }), (at, by) => {
        const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
        const letter = alphabet.indexOf(message.value[at] ?? '');
        fc.pre(letter >= 0);
        const other = alphabet[(letter + by) % 64] ?? '';
        const value = message.value.slice(0, at) + other + message.value.slice(at + 1);
        // The last letter of a part has bits that stand for nothing.
        fc.pre(!value.split('.').every((part, n) => same(part, message.value.split('.')[n] ?? '')));
        expect(open({ ...message, value })).toBeUndefined();
      }),
    );
  });

  it('is foreign where it is sealed and names no key, or names one and is not', () => {
    const unnamed = Object.fromEntries(
      Object.entries(message.headers).filter(([name]) => name !== 'ce_transitkey'),
    );
    expect(readMessage({ ...message, headers: unnamed }).kind).toBe('foreign');
    expect(readMessage(changed({ 'content-type': 'application/json' })).kind).toBe('foreign');
  });
});

function same(a: string, b: string): boolean {
  return Buffer.from(a, 'base64url').equals(Buffer.from(b, 'base64url'));
}

describe('a message that says nothing of a person', () => {
  it('is a plain CloudEvent', () => {
    const filed = contract({
      type: 'vouchsafe.identity.note-filed.v1',
      summary: 'Of another',
      schema: z.strictObject({ place: z.string() }),
    });
    const plain = source.take(3, '', { publication: publication(filed, { place: 'a' }) });
    expect(busMessage(plain)).toEqual(factMessage(plain));
    expect(readMessage(busMessage(plain))).toMatchObject({ kind: 'fact', value: '{"place":"a"}' });
  });
});
