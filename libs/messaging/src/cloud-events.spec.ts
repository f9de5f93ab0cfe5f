import { describe, expect, it } from '@jest/globals';
import { Kafka } from 'cloudevents';
import { factMessage, positionsMessage, readMessage } from './cloud-events.js';
import { noteTaken, organizations, sourceOf } from './consumer/source.fixture.js';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const fact = sourceOf('identity').take(1, 'hello', { traceparent });

describe('a fact on the bus', () => {
  it('is a CloudEvent in Kafka binary mode, as the CloudEvents SDK reads it', () => {
    const { key, headers, value } = factMessage(fact);
    // The shape that kafkajs hands over.
    const event = Kafka.toEvent({ key, headers, value, body: value } as never);
    expect({ ...(event as object) }).toMatchObject({
      specversion: '1.0',
      id: 'identity/1/1',
      source: 'identity',
      type: noteTaken.type,
      time: '2026-11-22T10:00:00.000Z',
      datacontenttype: 'application/json',
      lane: '1',
      number: '1',
      fact: 'identity/1/1',
      traceparent,
      partitionkey: organizations[1],
      data: { text: 'hello', author: 'ada', name: 'Ada of hello' },
    });
  });

  it('is read back with its place in the lane', () => {
    expect(readMessage(factMessage(fact))).toEqual({
      kind: 'fact',
      source: 'identity',
      lane: 1,
      number: 1n,
      id: 'identity/1/1',
      type: noteTaken.type,
      versions: [noteTaken.type],
      time: new Date('2026-11-22T10:00:00Z'),
      organizationId: organizations[1],
      traceparent,
      value: JSON.stringify(fact.publication.data),
    });
  });

  it('keeps personal values out of key and headers', () => {
    const { key, headers } = factMessage(fact);
    expect(JSON.stringify({ key, headers })).not.toContain('Ada');
  });

  it.each([
    ['no headers', { headers: {} }],
    ['another version of CloudEvents', { headers: { ...factMessage(fact).headers, ce_specversion: '0.3' } }],
    ['no place in a lane', { headers: { ...factMessage(fact).headers, ce_number: '0' } }],
    ['no organization', { key: 'ada@example.org' }],
  ])('is foreign with %s', (_, change) => {
    expect(readMessage({ ...factMessage(fact), ...change }).kind).toBe('foreign');
  });
});

describe('lane positions on the bus', () => {
  it('are read back, and are a CloudEvent too', () => {
    const message = positionsMessage('identity', 1, [{ lane: 1, number: 12n }], new Date(0));
    expect(readMessage(message)).toEqual({
      kind: 'positions',
      source: 'identity',
      lanes: [{ lane: 1, number: 12n }],
    });
    expect(Kafka.isEvent({ headers: message.headers, body: message.value })).toBe(true);
  });

  it('that cannot be read are foreign', () => {
    const message = positionsMessage('identity', 1, [], new Date(0));
    expect(readMessage({ ...message, value: '[[1' }).kind).toBe('foreign');
    expect(readMessage({ ...message, value: '[[1,"0"]]' }).kind).toBe('foreign');
  });
});
