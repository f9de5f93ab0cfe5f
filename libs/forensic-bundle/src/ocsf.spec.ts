import { describe, expect, it } from '@jest/globals';
import { canonicalJson, type JsonObject } from '@vouchsafe/transparency-log';
import fc from 'fast-check';
import { fieldsOf } from './entry-fields.js';
import { ocsfLine } from './ocsf.js';

const entry = {
  version: 2,
  id: 'e1',
  recordedAt: '2026-11-22T12:00:00.000Z',
  occurredAt: '2026-11-22T11:59:59.500123Z',
  source: 'crm',
  submitter: { type: 'api-key', id: 'k1' },
  provenance: 'asserted',
  actor: { type: 'user', id: 'u1' },
  operation: 'document.read',
  entity: { type: 'document', id: 'd1' },
  outcome: 'success',
  sourceIp: '192.0.2.1',
  url: '/documents/d1',
  userAgent: 'curl/8',
  requestId: 'r1',
};
const marks = { logId: 'log-12345678', index: 7, undisclosed: 0, erased: false, held: false };

function lineOf(changed: JsonObject, undisclosed = 0): string {
  return ocsfLine(fieldsOf(changed), { ...marks, undisclosed });
}

function eventOf(changed: JsonObject, undisclosed = 0): JsonObject {
  return JSON.parse(lineOf(changed, undisclosed)) as JsonObject;
}

describe('an OCSF event', () => {
  it('of a read is API Activity with all that the class requires', () => {
    expect(eventOf(entry)).toEqual({
      activity_id: 2,
      activity_name: 'Read',
      category_uid: 6,
      class_uid: 6003,
      type_uid: 600302,
      time: Date.UTC(2026, 10, 22, 11, 59, 59, 500),
      severity_id: 1,
      ...{ status_id: 1, status: 'Success', status_code: 'success' },
      metadata: {
        version: '1.3.0',
        product: { name: 'Vouchsafe', vendor_name: 'Vouchsafe' },
        log_name: 'log-12345678',
        log_provider: 'crm',
        sequence: 7,
        uid: 'e1',
        correlation_uid: 'r1',
        logged_time: Date.UTC(2026, 10, 22, 12),
        original_time: '2026-11-22T11:59:59.500123Z',
      },
      actor: { user: { uid: 'u1', type: 'user' } },
      api: { operation: 'document.read' },
      resources: [{ type: 'document', uid: 'd1' }],
      src_endpoint: { ip: '192.0.2.1' },
      http_request: { url: { url_string: '/documents/d1' }, user_agent: 'curl/8' },
      unmapped: {
        ...{ details: {}, other: { version: 2 }, undisclosed: 0, erased: false, held: false },
        ...{ provenance: 'asserted', submitter: { type: 'api-key', id: 'k1' } },
      },
    });
  });

  it.each([
    ['session.create', 'session', 3002, 1],
    ['session.end', 'session', 3002, 2],
    ['auth.login', 'user', 3002, 1],
    ['userLogout', 'user', 3002, 2],
    ['member.role.update', 'member', 3004, 3],
    ['api-key.revoke', 'api-key', 3004, 4],
    ['organization:create', 'organization', 3004, 1],
    ['documents.list', 'document', 6003, 2],
    ['report.frobnicate', 'report', 6003, 99],
    ['', '', 6003, 99],
  ])('of %j on %j is class %i, activity %i', (operation, type, classUid, activity) => {
    const event = eventOf({ ...entry, operation, entity: { type, id: 'x' } });
    expect(event).toMatchObject({
      class_uid: classUid,
      activity_id: activity,
      type_uid: classUid * 100 + activity,
    });
    const required = { 3002: 'service', 3004: 'entity', 6003: 'api' }[classUid] ?? '';
    expect(event).toHaveProperty(required);
  });

  it.each([
    ['denied', 2, 'Failure'],
    ['failure', 2, 'Failure'],
    ['unknown', 0, 'Unknown'],
    ['partly', 99, 'partly'],
  ])('of outcome %j has status %i %j and the outcome itself', (outcome, status_id, status) => {
    expect(eventOf({ ...entry, outcome })).toMatchObject({ status_id, status, status_code: outcome });
  });

  it('says Unknown where OCSF wants a name and none was disclosed', () => {
    const personal = ['sourceIp', 'url', 'userAgent'];
    const withheld = Object.fromEntries(Object.entries(entry).filter(([name]) => !personal.includes(name)));
    const bare = { ...withheld, actor: { type: 'user' }, entity: { type: 'document' } };
    const event = eventOf(bare, 5);
    expect(event).toMatchObject({
      actor: { user: { name: 'Unknown', type: 'user' } },
      resources: [{ name: 'Unknown', type: 'document' }],
      src_endpoint: { name: 'Unknown' },
      unmapped: { undisclosed: 5 },
    });
    expect(event).not.toHaveProperty('http_request');
  });

  it('has the time of recording where the claimed one is none', () => {
    const days = ['2026-02-30T00:00:00.000Z', '2026-04-31T12:00:00.000Z', '2026-12-31T24:00:00.000Z'];
    for (const occurredAt of [...days, 'yesterday', '2026-11-22T11:59:59Z', '2026-11-22T11:60:00.000Z', '']) {
      expect(eventOf({ ...entry, occurredAt }).time).toBe(Date.UTC(2026, 10, 22, 12));
    }
  });

  it('calls an address what is one, and a name what is none', () => {
    for (const ip of ['2001:db8::1', '::', '::ffff:192.0.2.1'])
      expect(eventOf({ ...entry, sourceIp: ip }).src_endpoint).toEqual({ ip });
    for (const name of ['nowhere', '192.0.2.01', 'fe80::1%eth0', '1.2.3'])
      expect(eventOf({ ...entry, sourceIp: name }).src_endpoint).toEqual({ name });
  });

  it('is a line of canonical JSON, whatever is in the entry', () => {
    const name = fc.oneof(fc.constantFrom('10', '9', '__proto__', 'actor', 'type', 'id'), fc.string());
    const value = fc.oneof(fc.string(), fc.dictionary(name, fc.jsonValue()), fc.jsonValue());
    fc.assert(
      fc.property(fc.dictionary(name, value), fc.dictionary(name, value), (members, details) => {
        fc.pre(isWritable(members) && isWritable(details));
        const line = lineOf({ ...entry, ...(members as JsonObject), details: details as JsonObject });
        expect(line).toBe(`${canonicalJson(JSON.parse(line))}\n`);
      }),
      { numRuns: 1000 },
    );
  });
});

/** fast-check makes lone surrogates as well; no leaf holds one. */
function isWritable(value: object): boolean {
  try {
    canonicalJson(value);
    return true;
  } catch {
    return false;
  }
}
