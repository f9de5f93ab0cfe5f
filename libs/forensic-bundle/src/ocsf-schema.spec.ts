import { beforeAll, describe, expect, it } from '@jest/globals';
import { python, withoutPython } from '@vouchsafe/testing';
import type { JsonObject } from '@vouchsafe/transparency-log';
import fc from 'fast-check';
import { fieldsOf } from './entry-fields.js';
import { ocsfLine } from './ocsf.js';
import { ocsfSchema, type OcsfEvent, type OcsfSchema } from './ocsf-schema.fixture.js';

const withPython = python() === undefined ? describe.skip : describe;
const OPERATIONS = [
  'session.create',
  'userLogout',
  'auth.login',
  'member.update',
  'api-key.revoke',
  'a.b',
  '',
];
const TYPES = ['session', 'user', 'member', 'organization', 'device', 'document', ''];
const OUTCOMES = ['success', 'failure', 'denied', 'unknown', 'Success', 'odd', ''];

function eventOf(
  entry: JsonObject,
  marks: Partial<{ undisclosed: number; erased: boolean }> = {},
): OcsfEvent {
  const line = ocsfLine(fieldsOf(entry), {
    ...{ logId: 'log-12345678', index: 7, undisclosed: 0, erased: false, held: false },
    ...marks,
  });
  return JSON.parse(line) as OcsfEvent;
}

withPython(`OCSF’s own schema accepts our events${withoutPython()}`, () => {
  let schema: OcsfSchema;
  beforeAll(() => {
    schema = ocsfSchema();
  }, 300_000);

  it('of every class, activity and outcome, with all, some or nothing of an entry disclosed', () => {
    const seen = new Set<unknown>();
    for (const operation of OPERATIONS) {
      for (const type of TYPES) {
        for (const outcome of OUTCOMES) {
          for (const event of [
            eventOf(wholeEntry(operation, type, outcome)),
            eventOf(bareEntry(operation, type, outcome), { undisclosed: 7, erased: true }),
            eventOf({ recordedAt: '2026-11-22T12:00:00.000Z', operation, outcome }),
          ]) {
            expect(schema.faultsOf(event)).toEqual([]);
            seen.add(event.class_uid);
          }
        }
      }
    }
    expect(seen).toEqual(new Set([3002, 3004, 6003]));
  });

  it('of whatever a leaf may hold', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => value.isWellFormed()),
      fc.constantFrom('', 'Unknown', '::1', '2026-02-30T00:00:00.000Z', '2026-11-22T12:00:00.123456789Z'),
    );
    const any = fc.oneof(text, text, fc.jsonValue({ maxDepth: 2 }));
    const named = fc.oneof(fc.record({ type: any, id: any }, { requiredKeys: [] }), any);
    const entry = fc.record(
      {
        ...{ version: fc.constantFrom(1, 2), source: any, submitter: named, provenance: any },
        ...{ occurredAt: any, recordedAt: any, id: any, outcome: any, url: any, userAgent: any },
        operation: fc.oneof(fc.constantFrom(...OPERATIONS), any),
        ...{ actor: named, entity: named, requestId: any },
        sourceIp: fc.oneof(fc.ipV4(), fc.ipV6(), any),
        details: fc.oneof(fc.dictionary(text, fc.jsonValue()), any),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(entry, (value) => {
        expect(schema.faultsOf(eventOf(value as JsonObject))).toEqual([]);
      }),
      { numRuns: 1500 },
    );
  });

  it('and refuses what it must: a check that cannot fail shows nothing', () => {
    const event = eventOf(wholeEntry('session.create', 'session', 'success'));
    const { service, ...withoutService } = event;
    expect(service).toBeDefined();
    for (const bad of [
      withoutService,
      { ...event, src_endpoint: {} },
      { ...event, severity_id: 7 },
      { ...event, user: { type: 'user' } },
      { ...event, time: '2026' },
      { ...event, src_endpoint: { ip: 'nowhere' } },
      { ...event, colour: 'red' },
      { ...event, status: 'Failure' },
      { ...event, actor: { invoked_by: 'x' } },
      { ...event, class_uid: 3004 },
      { ...event, type_uid: 300_205 + 1000 },
    ]) {
      expect(schema.faultsOf(bad)).not.toEqual([]);
    }
  });
});

function wholeEntry(operation: string, type: string, outcome: string): JsonObject {
  return {
    ...bareEntry(operation, type, outcome),
    ...{ id: 'e1', actor: { type: 'user', id: 'u1' }, entity: { type, id: 'x1' } },
    ...{ sourceIp: '2001:db8::1', url: '/documents/1?q=ü', userAgent: 'curl/8', requestId: 'r1' },
    details: { nested: [{ deep: null }], number: -1.5e300 },
  };
}

/** As it is where nothing is disclosed. */
function bareEntry(operation: string, type: string, outcome: string): JsonObject {
  return {
    ...{ version: 2, source: 'crm', provenance: 'asserted', submitter: { type: 'api-key', id: 'k1' } },
    ...{ occurredAt: '2026-11-22T11:59:59.123456789Z', recordedAt: '2026-11-22T12:00:00.000Z' },
    ...{ operation, outcome, actor: { type: 'user' }, entity: { type }, details: {} },
  };
}
