import { describe, expect, it } from '@jest/globals';
import { canonicalJson, type JsonObject } from '@vouchsafe/transparency-log';
import fc from 'fast-check';
import { DRAWN_FORMATS } from './drawn-formats.js';

/** Texts written by hand from docs/formats.md: what each version is must never change. */
const marks = { logId: 'log-12345678', index: 7, undisclosed: 2, erased: true, held: true };
const plain = { ...marks, undisclosed: 0, erased: false, held: false };
const entry: JsonObject = {
  version: 2,
  id: 'e1',
  source: 'invoices',
  submitter: { id: 'k1', type: 'api-key' },
  provenance: 'asserted',
  recordedAt: '2026-11-22T12:00:00.000Z',
  occurredAt: '2026-11-22T11:59:59.500123456Z',
  actor: { type: 'user', id: 'u1' },
  operation: 'document.read',
  entity: { type: 'document', id: 'd1' },
  outcome: 'success',
  sourceIp: '192.0.2.1',
  url: '/documents/d1?a=1,2',
  userAgent: 'curl/8',
  requestId: 'r1',
  details: { b: 1, a: [2, { '10': 'x', '9': 'y' }] },
};

describe('entries.csv', () => {
  it('of version 1 is what it was', () => {
    const { csvHeader, draw } = DRAWN_FORMATS[1];
    expect(csvHeader).toBe(
      'log_id,index,recorded_at,occurred_at,id,actor_type,actor_id,operation,entity_type,entity_id,outcome,source_ip,url,user_agent,request_id,undisclosed,state,details,other\r\n',
    );
    expect(draw({ ...marks, entry }).csv).toBe(
      'log-12345678,7,2026-11-22T12:00:00.000Z,2026-11-22T11:59:59.500123456Z,e1,user,u1,document.read,document,d1,success,' +
        '192.0.2.1,"/documents/d1?a=1,2",curl/8,r1,2,erased held,"{""a"":[2,{""10"":""x"",""9"":""y""}],""b"":1}",' +
        '"{""provenance"":""asserted"",""source"":""invoices"",""submitter"":{""id"":""k1"",""type"":""api-key""},""version"":2}"\r\n',
    );
    expect(draw({ ...plain, entry: {} }).csv).toBe('log-12345678,7,,,,,,,,,,,,,,0,,,\r\n');
  });

  it('of version 2 says who recorded it', () => {
    const { csvHeader, draw } = DRAWN_FORMATS[2];
    expect(csvHeader).toBe(
      'log_id,index,recorded_at,occurred_at,id,source,submitter_type,submitter_id,provenance,actor_type,actor_id,operation,entity_type,entity_id,outcome,source_ip,url,user_agent,request_id,undisclosed,state,details,other\r\n',
    );
    expect(draw({ ...marks, entry }).csv).toBe(
      'log-12345678,7,2026-11-22T12:00:00.000Z,2026-11-22T11:59:59.500123456Z,e1,invoices,api-key,k1,asserted,user,u1,document.read,document,d1,success,' +
        '192.0.2.1,"/documents/d1?a=1,2",curl/8,r1,2,erased held,"{""a"":[2,{""10"":""x"",""9"":""y""}],""b"":1}","{""version"":2}"\r\n',
    );
    const version1 = { version: 1, source: 'gateway' };
    expect(draw({ ...plain, entry: version1 }).csv).toBe(
      'log-12345678,7,,,,gateway,,,observed,,,,,,,,,,,0,,,"{""version"":1}"\r\n',
    );
    expect(draw({ ...plain, held: true, entry: { source: 'api' } }).csv).toBe(
      'log-12345678,7,,,,api,,,asserted,,,,,,,,,,,0,held,,\r\n',
    );
  });

  it.each([1, 2] as const)('of version %i keeps in `other` whatever has no column of its own', (version) => {
    const { draw } = DRAWN_FORMATS[version];
    const odd = {
      actor: { type: 'user', id: 'u1', via: 'key' },
      entity: 'x',
      url: 5,
      details: 'd',
      id: null,
    };
    const written = draw({ ...plain, entry: odd }).csv;
    expect(written).toContain(',user,u1,');
    expect(written).toContain(
      '"{""actor"":{""id"":""u1"",""type"":""user"",""via"":""key""},""details"":""d"",""entity"":""x"",""id"":null,""url"":5}"\r\n',
    );
  });

  const cellOf = (version: 1 | 2, url: string): string => {
    const empty = DRAWN_FORMATS[version].draw({ ...plain, entry: {} }).csv;
    const [before, behind] = empty.split(version === 1 ? /(?<=^(?:[^,]*,){12})/ : /(?<=^(?:[^,]*,){16})/) as [
      string,
      string,
    ];
    const written = DRAWN_FORMATS[version].draw({ ...plain, entry: { url } }).csv;
    expect(written.startsWith(before) && written.endsWith(behind)).toBe(true);
    return written.slice(before.length, -behind.length);
  };

  it.each([
    ['=1+1', "'=1+1", "'=1+1"],
    ['a=1', 'a=1', 'a=1'],
    ["'x", "''x", "''x"],
    ['＝1', "'＝1", "'＝1"],
    ['a,b', '"a,b"', '"a,b"'],
    ['a"b', '"a""b"', '"a""b"'],
    ['a;=1', 'a;=1', `"a;'=1"`],
    ['a|b', 'a|b', '"a|b"'],
    ['a\t-1', 'a\t-1', `"a\t'-1"`],
    ['\t=1', "'\t=1", `"'\t'=1"`],
    ['\nx', `"'\nx"`, `"'\nx"`],
    ['x\r\n@y', '"x\r\n@y"', `"x\r\n'@y"`],
    ['x; "" ＋y', '"x; """" ＋y"', `"x; """" '＋y"`],
    [' =1', ' =1', " '=1"],
    ['a; b=1', 'a; b=1', '"a; b=1"'],
    ['a;==1', 'a;==1', `"a;'==1"`],
    ['a, =1', '"a, =1"', `"a, '=1"`],
    [';x', ';x', `"';x"`],
    ['x\x85=1', 'x\x85=1', `"x\x85'=1"`],
    ['x\u2028=1', 'x\u2028=1', `"x\u2028'=1"`],
    ['\u200b=1', '\u200b=1', "\u200b'=1"],
    ['\u00a0\ufeff\u{e0001}@1', '\u00a0\ufeff\u{e0001}@1', "\u00a0\ufeff\u{e0001}'@1"],
    ['\\=1', '\\=1', "\\'=1"],
    ['\u22121', '\u22121', "'\u22121"],
    ['', '', ''],
  ])('writes %j as %j in version 1, %j in version 2', (value, v1, v2) => {
    expect([cellOf(1, value), cellOf(2, value)]).toEqual([v1, v2]);
  });

  it('of version 2 hides no formula in JSON, and its JSON says what it said', () => {
    const details = { 'a;=b': '|+1', c: ";  'x", d: 'a=b', e: ';\t=1', f: '\u200b=', g: [-1, -2, '-"=3'] };
    const written = DRAWN_FORMATS[2].draw({ ...plain, entry: { details } }).csv;
    expect(written).toContain(
      String.raw`"{""a;\u003db"":""|\u002b1"",""c"":"";  \u0027x"",""d"":""a=b"",""e"":"";\t=1"",""f"":""` +
        '\u200b' +
        String.raw`\u003d"",""g"":[-1,-2,""\u002d\""=3""]}"`,
    );
  });

  it('of version 2 gives every value back, and runs nothing wherever it is split', () => {
    const character = fc.oneof(
      fc.constantFrom(...Array.from(`=+-@'＝＋－＠${SEPARATORS}${SKIPPED}a`)),
      fc.string({ unit: 'binary', maxLength: 1 }),
    );
    const value = fc
      .array(character, { maxLength: 12 })
      .map((parts) => parts.join(''))
      .filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(value, (text) => {
        const cell = cellOf(2, text);
        const unquoted = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
        for (const part of unquoted.split(new RegExp(`[${SEPARATORS}]`)))
          expect(withoutSkipped(part)).not.toMatch(/^[=+\-@＝＋－＠]/);
        expect(withoutApostrophes(unquoted)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });
});

const SEPARATORS = ',;|\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029';
/** Some of each range, and of each end. */
const SKIPPED =
  ' "\\\0\b\x0e\x1b\x7f\x84\x86\xa0\xad\u0605\u180e\u200f\u202a\u2060\u206f\u2800\ufe0f\ufeff\ufff0\uffff\u{e0fff}';

/** As this engine's Unicode has it. */
const IS_SKIPPED = /[\p{Cc}\p{Cf}\p{Z}\p{DI}\s"\\\u2800\ufff0-\uffff]/u;

function withoutSkipped(text: string): string {
  const characters = Array.from(text);
  const first = characters.findIndex((character) => !IS_SKIPPED.test(character));
  return characters.slice(first).join('');
}

/** As docs/formats.md says how to have a text back. */
function withoutApostrophes(text: string): string {
  const characters = Array.from(text);
  let back = '';
  let isStart = true;
  for (let i = 0; i < characters.length; i++) {
    const isOurs: boolean = isStart && characters[i] === "'";
    if (isOurs) i++;
    const character = characters[i] ?? '';
    back += character;
    isStart = SEPARATORS.includes(character) || (isStart && !isOurs && IS_SKIPPED.test(character));
  }
  return back;
}

describe('ocsf.ndjson', () => {
  it('of version 1 is what it was', () => {
    expect(DRAWN_FORMATS[1].draw({ ...plain, entry }).ocsf).toBe(
      '{"activity_id":2,"activity_name":"Read","category_uid":6,"class_uid":6003,"type_uid":600302,"time":1795348799500,' +
        '"severity_id":1,"status_id":1,"status":"Success","metadata":{"version":"1.3.0","product":{"name":"Vouchsafe",' +
        '"vendor_name":"Vouchsafe"},"log_name":"log-12345678","sequence":7,"uid":"e1","correlation_uid":"r1",' +
        '"logged_time":1795348800000},"actor":{"user":{"uid":"u1","type":"user"}},"api":{"operation":"document.read"},' +
        '"resources":[{"type":"document","uid":"d1"}],"src_endpoint":{"ip":"192.0.2.1"},"http_request":{"url":' +
        '{"url_string":"/documents/d1?a=1,2"},"user_agent":"curl/8"},"unmapped":{"details":{"b":1,"a":[2,{"9":"y","10":"x"}]},' +
        '"other":{"version":2,"source":"invoices","submitter":{"id":"k1","type":"api-key"},"provenance":"asserted"},' +
        '"undisclosed":0,"erased":false,"held":false}}\n',
    );
    expect(
      DRAWN_FORMATS[1].draw({
        ...marks,
        entry: { operation: 'session.create', outcome: 'denied', userAgent: 'x' },
      }).ocsf,
    ).toBe(
      '{"activity_id":1,"activity_name":"Logon","category_uid":3,"class_uid":3002,"type_uid":300201,"time":0,"severity_id":1,' +
        '"status_id":2,"status":"Failure","status_detail":"denied","metadata":{"version":"1.3.0","product":{"name":"Vouchsafe",' +
        '"vendor_name":"Vouchsafe"},"log_name":"log-12345678","sequence":7},"actor":{"user":{"uid":"","type":""}},' +
        '"user":{"uid":"","type":""},"message":"session.create","src_endpoint":{},"http_request":{"user_agent":"x"},' +
        '"unmapped":{"details":{},"other":{},"undisclosed":2,"erased":true,"held":true}}\n',
    );
    expect(
      DRAWN_FORMATS[1].draw({ ...plain, entry: { entity: { type: 'api-key' }, operation: 'key.put' } }).ocsf,
    ).toContain(
      '"class_uid":3004,"type_uid":300403,"time":0,"severity_id":1,"status_id":99,"status":"Other","status_detail":"",',
    );
  });

  it('of version 2 is canonical JSON, and says who recorded it', () => {
    const line = DRAWN_FORMATS[2].draw({ ...plain, entry }).ocsf;
    expect(line).toBe(`${canonicalJson(JSON.parse(line))}\n`);
    expect(JSON.parse(line)).toEqual({
      ...{ activity_id: 2, activity_name: 'Read', category_uid: 6, class_uid: 6003, type_uid: 600302 },
      ...{ severity_id: 1, time: 1795348799500, status_id: 1, status: 'Success', status_code: 'success' },
      metadata: {
        version: '1.3.0',
        product: { name: 'Vouchsafe', vendor_name: 'Vouchsafe' },
        ...{
          log_name: 'log-12345678',
          sequence: 7,
          log_provider: 'invoices',
          uid: 'e1',
          correlation_uid: 'r1',
        },
        ...{ original_time: '2026-11-22T11:59:59.500123456Z', logged_time: 1795348800000 },
      },
      actor: { user: { uid: 'u1', type: 'user' } },
      api: { operation: 'document.read' },
      resources: [{ uid: 'd1', type: 'document' }],
      src_endpoint: { ip: '192.0.2.1' },
      http_request: { url: { url_string: '/documents/d1?a=1,2' }, user_agent: 'curl/8' },
      unmapped: {
        details: { b: 1, a: [2, { '10': 'x', '9': 'y' }] },
        ...{ other: { version: 2 }, provenance: 'asserted', submitter: { id: 'k1', type: 'api-key' } },
        ...{ undisclosed: 0, erased: false, held: false },
      },
    });
  });

  it('of version 2 names what there is none of, or leaves it out', () => {
    const ofNothing = (entry: JsonObject): unknown =>
      JSON.parse(DRAWN_FORMATS[2].draw({ ...plain, entry }).ocsf);
    expect(
      ofNothing({ operation: 'login', sourceIp: 'unix:/x', actor: { type: 'user' }, outcome: 'partial' }),
    ).toEqual({
      ...{ activity_id: 1, activity_name: 'Logon', category_uid: 3, class_uid: 3002, type_uid: 300201 },
      ...{ severity_id: 1, time: 0, status_id: 99, status: 'partial', status_code: 'partial' },
      metadata: {
        version: '1.3.0',
        product: { name: 'Vouchsafe', vendor_name: 'Vouchsafe' },
        ...{ log_name: 'log-12345678', sequence: 7 },
      },
      actor: { user: { name: 'Unknown', type: 'user' } },
      user: { name: 'Unknown', type: 'user' },
      service: { name: 'Unknown' },
      message: 'login',
      src_endpoint: { name: 'unix:/x' },
      unmapped: {
        details: {},
        other: {},
        provenance: 'observed',
        undisclosed: 0,
        erased: false,
        held: false,
      },
    });
    expect(ofNothing({ entity: { type: 'role', id: 'r' }, outcome: 'unknown' })).toMatchObject({
      ...{ class_uid: 3004, activity_id: 99, status_id: 0, status: 'Unknown', status_code: 'unknown' },
      ...{ message: 'Unknown', entity: { uid: 'r', type: 'role' }, metadata: { profiles: ['host'] } },
      src_endpoint: { name: 'Unknown' },
    });
    expect(ofNothing({})).not.toHaveProperty('resources');
    expect(ofNothing({})).not.toHaveProperty('status_code');
  });

  it.each([
    ['2026-11-22T11:59:59.500Z', 1795348799500],
    ['2026-11-22T11:59:59.500999999Z', 1795348799500],
    ['2026-02-30T00:00:00.000Z', 1795348800000],
    ['2026-11-22T24:00:00.000Z', 1795348800000],
    ['2026-11-22T11:59:59Z', 1795348800000],
    ['yesterday', 1795348800000],
  ])('of version 2 takes %j for %i, where it was recorded a moment later', (occurredAt, time) => {
    const recordedAt = '2026-11-22T12:00:00.000Z';
    expect(
      JSON.parse(DRAWN_FORMATS[2].draw({ ...plain, entry: { occurredAt, recordedAt } }).ocsf),
    ).toMatchObject({
      time,
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
  ])('takes %j on %j for class %i, activity %i', (operation, type, classUid, activity) => {
    for (const version of [1, 2] as const) {
      const line = DRAWN_FORMATS[version].draw({
        ...plain,
        entry: { operation, entity: { type, id: 'x' } },
      }).ocsf;
      expect(JSON.parse(line)).toMatchObject({
        class_uid: classUid,
        activity_id: activity,
        type_uid: classUid * 100 + activity,
      });
    }
  });
});
