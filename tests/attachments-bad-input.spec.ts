/** @promise P28 hostile files: they are kept and handed out as bytes, whatever they are, or are refused; none is opened, shown or run */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from './system/client.ts';
import { eventually } from './system/eventually.ts';
import { makeApiKey, type Person, signUp } from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

const route = '/v1/attachments';
const LIMIT = 2_000_000;

let system: SystemUnderTest;
let owner: Person;
let key: Client;
beforeAll(async () => {
  system = await startForTests({
    VOUCHSAFE_ATTACHMENT_LIMIT: String(LIMIT),
    VOUCHSAFE_ATTACHMENT_QUOTA: '10000000',
    VOUCHSAFE_UPLOADS_PER_CALLER: '64',
  });
  owner = await signUp(system);
  ({ client: key } = await makeApiKey(system, owner.browser, ['attachments:read', 'attachments:write']));
}, 240_000);
afterAll(() => system.stop(), 60_000);

function store(as: Client, name: string, body: string | Uint8Array, headers: Record<string, string> = {}) {
  return as.send('POST', route, { query: { name }, body, headers });
}

async function idOf(answer: ReturnType<typeof store>): Promise<string> {
  return ((await answer).json() as { attachmentId: string }).attachmentId;
}

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const script = '<script>document.title = "run"</script>';
const zip = Buffer.concat([Buffer.from('PK\x03\x04'), randomBytes(100)]);

describe('what a browser might run', () => {
  it.each<[what: string, name: string, type: string, bytes: string | Uint8Array]>([
    ['a page', 'page.html', 'text/html', `<html>${script}</html>`],
    ['a page of XML', 'page.xhtml', 'application/xhtml+xml', script],
    ['a drawing with a script', 'a.svg', 'image/svg+xml', `<svg>${script}</svg>`],
    ['a script', 'a.js', 'text/javascript', 'document.title = "run"'],
    ['a PDF', 'a.pdf', 'application/pdf', '%PDF-1.7 /JavaScript'],
    ['a page within a picture', 'a.png', 'image/png', Buffer.concat([png, Buffer.from(script)])],
    [
      'a picture that is an archive (GIFAR)',
      'a.gif',
      'image/gif',
      Buffer.concat([Buffer.from('GIF89a'), zip]),
    ],
    ['a page that says it is a text', 'a.txt', 'text/plain', `<html>${script}</html>`],
    ['a type that breaks headers', 'a', 'text/plain; x="\\"', 'x'],
    ['a type that is none', 'a', 'text/plain/html', 'x'],
    ['no type', 'a', '', 'x'],
  ])('is a download: %s', async (_, name, type, bytes) => {
    const answer = await store(key, name, bytes, type === '' ? {} : { 'content-type': type });
    if (answer.status === 415) return;
    expect(answer.status).toBe(201);
    const { attachmentId } = answer.json() as { attachmentId: string };
    const { headers, bytes: got } = await key.send('GET', `${route}/${attachmentId}`);
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': expect.stringMatching(/^attachment; /),
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    expect(got.equals(Buffer.from(bytes))).toBe(true);
  });

  it('is not opened: an archive that grows when it is unpacked takes its own size', async () => {
    const bomb = deflateRawSync(Buffer.alloc(500_000_000), { level: 1 }).subarray(0, LIMIT);
    const answer = await store(key, 'bomb.zip', bomb, { 'content-type': 'application/zip' });
    expect(answer.json()).toMatchObject({ size: bomb.length });
    await key.must(204, 'DELETE', `${route}/${(answer.json() as { attachmentId: string }).attachmentId}`);
  });
});

describe('a name', () => {
  it.each([
    ['that leads elsewhere', '../../etc/passwd'],
    ['that is a path', '/etc/passwd'],
    ['that is a path of Windows', '..\\..\\boot.ini'],
    ['of dots', '..'],
    ['of a dot', '.'],
    ['that is empty', ''],
    ['of spaces', '   '],
    ['with a line break', 'a\r\nset-cookie: x=1'],
    ['with an escape', 'a\u001b[2J.txt'],
    ['that turns its end around', 'a\u202etxt.exe'],
    ['that hides its end', 'a.txt\u200b.exe'],
    ['of 256 bytes', 'x'.repeat(256)],
    ['of 258 bytes in 86 letters', '€'.repeat(86)],
    ['of half a pair', 'a\ud800'],
  ])('%s is refused', async (_, name) => {
    const answer = await store(key, name, 'x');
    // What a URL makes of half a pair is the replacement character, which is a character like others.
    if (name.includes('\ud800')) expect(answer.status).toBe(201);
    else expect(answer.json()).toMatchObject({ status: 400, code: 'invalid-request' });
  });

  it.each(['%00', '%ff', '%c0%ae', '%ed%a0%80'])('that is no text in UTF-8 is refused: %s', async (name) => {
    const answer = await key.send('POST', `${route}?name=${name}`, { body: 'x' });
    expect(answer.json()).toMatchObject({ status: 400 });
  });

  it.each([
    ['quotes', `a"b'c.txt`, `a_b_c.txt`, `a%22b%27c.txt`],
    ['other letters', '契約書.pdf', '___.pdf', '%E5%A5%91%E7%B4%84%E6%9B%B8.pdf'],
    ['what ends a header elsewhere', 'a;filename=b.exe', 'a_filename_b.exe', 'a%3Bfilename%3Db.exe'],
    ['what a shell would run', '$(rm -rf ~).sh', '_(rm -rf _).sh', '%24%28rm%20-rf%20~%29.sh'],
  ])('with %s comes back as it was, and is harmless in a header', async (_, name, ascii, encoded) => {
    const id = await idOf(store(key, name, 'x'));
    const { headers } = await key.send('GET', `${route}/${id}`);
    expect(headers['content-disposition']).toBe(
      `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`,
    );
    const { items } = (await key.must(200, 'GET', route, { query: { limit: '200' } })) as {
      items: { attachmentId: string; name: string }[];
    };
    expect(items.find(({ attachmentId }) => attachmentId === id)?.name).toBe(name);
  });
});

describe('a file', () => {
  it('of no bytes is a file like any other', async () => {
    const id = await idOf(store(key, 'empty', ''));
    const answer = await key.send('GET', `${route}/${id}`);
    expect([answer.status, answer.bytes.length]).toEqual([200, 0]);
    expect((await key.send('GET', `${route}/${id}`, { headers: { range: 'bytes=0-' } })).status).toBe(416);
  });

  it('of the largest size is taken, and one byte more is not', async () => {
    const bytes = randomBytes(LIMIT + 1);
    const answer = await store(key, 'large', bytes.subarray(0, LIMIT));
    expect(answer.json()).toMatchObject({
      size: LIMIT,
      sha256: createHash('sha256').update(bytes.subarray(0, LIMIT)).digest('hex'),
    });
    await key.must(204, 'DELETE', `${route}/${(answer.json() as { attachmentId: string }).attachmentId}`);
    expect((await store(key, 'large', bytes)).json()).toMatchObject({ code: 'content-too-large' });
  });

  it.each([
    ['that is not well-formed', 'sha-256=abc'],
    ['of another algorithm alone', 'md5=:rL0Y20zC+Fzt72VPzMSk2A==:'],
    ['that is too short', 'sha-256=:YWJj:'],
    ['of nothing', ''],
  ])('with a digest %s is refused', async (_, digest) => {
    const answer = await store(key, 'a', 'x', { 'repr-digest': digest });
    expect(answer.json()).toMatchObject({
      code: 'invalid-request',
      errors: [{ pointer: 'header.Repr-Digest' }],
    });
  });

  it('that ends early leaves nothing', async () => {
    const person = await signUp(system);
    const { client } = await makeApiKey(system, person.browser, ['attachments:write']);
    const { hostname, port } = new URL(system.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST ${route}?name=half HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${client.apiKey ?? ''}\r\ncontent-length: 100000\r\n\r\nhalf`,
    );
    const rows = () =>
      system.rows('lifecycle', 'select 1 from attachment where organization_id = $1', [
        person.organizationId,
      ]);
    await eventually('Its row', async () => ((await rows()).length > 0 ? true : undefined));
    socket.destroy();
    await eventually('Its end', async () => ((await rows()).length === 0 ? true : undefined));
    const folder = path.join(system.folder, 'files', 'attachments', person.organizationId);
    expect(await readdir(folder).catch(() => [])).toEqual([]);
  });

  it('is taken as long as there is room, however many come at once', async () => {
    const person = await signUp(system);
    const { client } = await makeApiKey(system, person.browser, ['attachments:read', 'attachments:write']);
    const bytes = randomBytes(900_000);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, nth) => store(client, `${nth}`, bytes)));
    const stored = answers.filter(({ status }) => status === 201);
    expect(stored).toHaveLength(11);
    for (const answer of answers.filter(({ status }) => status !== 201))
      expect(answer.json()).toMatchObject({ status: 422, reason: 'quota-exceeded' });
    const { items } = (await client.must(200, 'GET', route)) as { items: object[] };
    expect(items).toHaveLength(11);
  }, 60_000);

  it('of others does not exist', async () => {
    const id = await idOf(store(key, 'a', 'x'));
    const stranger = await signUp(system);
    for (const [method, at] of [
      ['GET', id],
      ['DELETE', id],
      ['GET', randomUUID()],
      ['DELETE', randomUUID()],
    ] as const)
      expect((await stranger.browser.send(method, `${route}/${at}`)).json()).toMatchObject({
        code: 'not-found',
      });
    expect((await key.send('GET', `${route}/${id}`)).text).toBe('x');
    expect((await new Client(system.url).send('GET', `${route}/${id}`)).status).toBe(401);
  });

  it.each([
    ['bytes=0-1', 206, '01'],
    ['bytes=8-', 206, '89'],
    ['bytes=-3', 206, '789'],
    ['bytes=5-100', 206, '56789'],
    ['bytes=-100', 206, '0123456789'],
    ['bytes=10-', 416, null],
    ['bytes=-0', 416, null],
    ['bytes=3-2', 200, '0123456789'],
    ['bytes=0-1,3-4', 200, '0123456789'],
    ['lines=0-1', 200, '0123456789'],
    ['bytes=-', 200, '0123456789'],
    ['bytes=999999999999999999999-', 200, '0123456789'],
  ])('answers the range %s by %i', async (range, status, text) => {
    const id = await idOf(store(key, 'digits', '0123456789'));
    const answer = await key.send('GET', `${route}/${id}`, { headers: { range } });
    expect(answer.status).toBe(status);
    if (text !== null) expect(answer.text).toBe(text);
  });
});
