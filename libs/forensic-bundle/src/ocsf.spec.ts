import { describe, expect, it } from '@jest/globals';
import { ocsfEvent, ocsfLine } from './ocsf.js';

const entry = {
  id: 'e1',
  recordedAt: '2026-11-22T12:00:00.000Z',
  occurredAt: '2026-11-22T11:59:59.500Z',
  actor: { type: 'user', id: 'u1' },
  operation: 'document.read',
  entity: { type: 'document', id: 'd1' },
  outcome: 'success',
  sourceIp: '192.0.2.1',
  url: '/documents/d1',
  userAgent: 'curl/8',
  requestId: 'r1',
};
const fields = { logId: 'log-12345678', index: 7, entry, undisclosed: 0, erased: false, held: false };

describe('an OCSF event', () => {
  it('of a read is API Activity with all that the class requires', () => {
    expect(ocsfEvent(fields)).toEqual({
      activity_id: 2,
      activity_name: 'Read',
      category_uid: 6,
      class_uid: 6003,
      type_uid: 600302,
      time: Date.UTC(2026, 10, 22, 11, 59, 59, 500),
      severity_id: 1,
      status_id: 1,
      status: 'Success',
      metadata: {
        version: '1.3.0',
        product: { name: 'Vouchsafe', vendor_name: 'Vouchsafe' },
        log_name: 'log-12345678',
        sequence: 7,
        uid: 'e1',
        correlation_uid: 'r1',
        logged_time: Date.UTC(2026, 10, 22, 12),
      },
      actor: { user: { uid: 'u1', type: 'user' } },
      api: { operation: 'document.read' },
      resources: [{ type: 'document', uid: 'd1' }],
      src_endpoint: { ip: '192.0.2.1' },
      http_request: { url: { url_string: '/documents/d1' }, user_agent: 'curl/8' },
      unmapped: { details: {}, other: {}, undisclosed: 0, erased: false, held: false },
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
    const event = ocsfEvent({ ...fields, entry: { ...entry, operation, entity: { type, id: 'x' } } });
    expect(event).toMatchObject({
      class_uid: classUid,
      activity_id: activity,
      type_uid: classUid * 100 + activity,
    });
    const required = { 3002: 'user', 3004: 'entity', 6003: 'api' }[classUid] ?? '';
    expect(event).toHaveProperty(required);
  });

  it('of something denied is a failure that says so; of an unknown outcome neither', () => {
    expect(ocsfEvent({ ...fields, entry: { ...entry, outcome: 'denied' } })).toMatchObject({
      status_id: 2,
      status_detail: 'denied',
    });
    expect(ocsfEvent({ ...fields, entry: { ...entry, outcome: 'unknown' } })).toMatchObject({
      status_id: 99,
    });
  });

  it('shows no address that was not disclosed', () => {
    const personal = ['sourceIp', 'url', 'userAgent'];
    const withheld = Object.fromEntries(Object.entries(entry).filter(([name]) => !personal.includes(name)));
    const event = ocsfEvent({ ...fields, entry: withheld, undisclosed: 3 });
    expect(event).toMatchObject({ src_endpoint: {}, unmapped: { undisclosed: 3 } });
    expect(event).not.toHaveProperty('http_request');
    expect(ocsfLine(fields).endsWith('}\n')).toBe(true);
  });
});
