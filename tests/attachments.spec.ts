/** @promise P28 files of customers through the real gateway: in and out as they were, never as a page */
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from './system/client.ts';
import { freshKey } from './system/client.ts';
import { eventually } from './system/eventually.ts';
import { type Person, signUp } from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

const route = '/v1/attachments';

let system: SystemUnderTest;
let owner: Person;

beforeAll(async () => {
  system = await startForTests();
  owner = await signUp(system);
}, 240_000);
afterAll(() => system.stop(), 60_000);

interface Attachment {
  readonly attachmentId: string;
  readonly name: string | null;
  readonly mediaType: string;
  readonly size: number;
  readonly sha256: string;
}

function store(
  browser: Client,
  name: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
) {
  return browser.send('POST', route, {
    query: { name },
    headers: { 'content-type': 'application/pdf', ...freshKey(), ...headers },
    body,
  });
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

describe('an attachment', () => {
  it('comes back as it was sent, whole and in parts', async () => {
    const bytes = randomBytes(3_000_000);
    const digest = `sha-256=:${sha256(bytes).toString('base64')}:`;
    const stored = await store(owner.browser, 'Über uns.pdf', bytes, { 'repr-digest': digest });
    expect(stored.json()).toMatchObject({
      ...{ name: 'Über uns.pdf', mediaType: 'application/pdf', size: 3_000_000 },
      ...{ sha256: sha256(bytes).toString('hex'), uploadedBy: owner.userId },
    });
    const { attachmentId } = stored.json() as Attachment;
    const whole = await owner.browser.send('GET', `${route}/${attachmentId}`);
    expect(whole.bytes.equals(bytes)).toBe(true);
    expect(whole.headers).toMatchObject({
      'content-disposition': `attachment; filename="Uber uns.pdf"; filename*=UTF-8''%C3%9Cber%20uns.pdf`,
      'content-type': 'application/octet-stream',
      'content-length': '3000000',
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
      'repr-digest': digest,
      'accept-ranges': 'bytes',
    });
    const part = await owner.browser.send('GET', `${route}/${attachmentId}`, {
      headers: { range: 'bytes=1000000-1999999' },
    });
    expect([part.status, part.headers['content-range']]).toEqual([206, 'bytes 1000000-1999999/3000000']);
    expect(part.bytes.equals(bytes.subarray(1_000_000, 2_000_000))).toBe(true);
    const beyond = await owner.browser.send('GET', `${route}/${attachmentId}`, {
      headers: { range: 'bytes=3000000-' },
    });
    expect([beyond.status, beyond.headers['content-range']]).toEqual([416, 'bytes */3000000']);
  });

  it('is listed until it is deleted, and its bytes are gone then', async () => {
    const person = await signUp(system);
    const { attachmentId } = (await store(person.browser, 'a.txt', 'a')).json() as Attachment;
    const list = async () => {
      const { items } = (await person.browser.must(200, 'GET', route)) as { items: Attachment[] };
      return items.map((one) => one.attachmentId);
    };
    expect(await list()).toEqual([attachmentId]);
    expect(await bodiesOf(person)).toEqual([attachmentId]);
    await person.browser.must(204, 'DELETE', `${route}/${attachmentId}`);
    expect(await list()).toEqual([]);
    expect((await person.browser.send('GET', `${route}/${attachmentId}`)).status).toBe(404);
    expect((await person.browser.send('DELETE', `${route}/${attachmentId}`)).status).toBe(404);
    await eventually('The end of its body', async () =>
      (await bodiesOf(person)).length === 0 ? true : undefined,
    );
  });

  it('is refused with another digest, and nothing of it is left', async () => {
    const person = await signUp(system);
    const digest = `sha-256=:${sha256(Buffer.from('other')).toString('base64')}:`;
    for (const name of ['repr-digest', 'content-digest']) {
      const answer = await store(person.browser, 'a.txt', 'this', { [name]: digest });
      expect(answer.json()).toMatchObject({ status: 422, code: 'rejected', reason: 'other-digest' });
    }
    expect(await bodiesOf(person)).toEqual([]);
    expect(await rowsOf(person)).toEqual([]);
  });

  it('is stored once, however often it is sent with one key', async () => {
    const person = await signUp(system);
    const key = freshKey();
    const [first, second] = [
      await store(person.browser, 'a.txt', 'this', key),
      await store(person.browser, 'a.txt', 'this', key),
    ];
    expect(second.json()).toEqual(first.json());
    const other = await store(person.browser, 'a.txt', 'that', key);
    expect(other.json()).toMatchObject({ code: 'idempotency-key-reused' });
    expect(await bodiesOf(person)).toEqual([(first.json() as Attachment).attachmentId]);
    expect(await rowsOf(person)).toHaveLength(1);
  });

  it('stands in the log, with its name for those who may read it', async () => {
    const person = await signUp(system);
    const { attachmentId } = (await store(person.browser, 'contract.pdf', 'x')).json() as Attachment;
    const entry = await eventually('The entry', async () => {
      const { entries } = (await person.browser.must(200, 'GET', '/v1/audit/entries', {
        query: { operation: 'lifecycle.attachment-stored' },
      })) as { entries: object[] };
      return entries[0];
    });
    expect(entry).toMatchObject({
      entity: { type: 'attachment', id: attachmentId },
      details: { name: 'contract.pdf', size: 1, sha256: sha256(Buffer.from('x')).toString('hex') },
    });
  });

  it('is on the disk sealed, under ids alone', async () => {
    const person = await signUp(system);
    const text = 'a text that would be found '.repeat(10_000);
    const { attachmentId } = (await store(person.browser, 'secret plan.txt', text)).json() as Attachment;
    const bytes = await readFile(path.join(bodiesFolder(), person.organizationId, attachmentId));
    expect(bytes.includes('would be found')).toBe(false);
    expect(await readdir(bodiesFolder(), { recursive: true })).not.toContainEqual(
      expect.stringContaining('secret'),
    );
  });
});

function bodiesFolder(): string {
  return path.join(system.folder, 'files', 'attachments');
}

async function bodiesOf({ organizationId }: Person): Promise<string[]> {
  return readdir(path.join(bodiesFolder(), organizationId)).catch(() => []);
}

function rowsOf({ organizationId }: Person) {
  return system.rows('lifecycle', 'select status from attachment where organization_id = $1', [
    organizationId,
  ]);
}
