/**
 * A stranger's program, written against the generated client alone: signs up, logs in, makes a key, records entries, reads them, and
 * takes a forensic export home. Compiled and run by `tests/clients.spec.ts`.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createClient, createConfig } from './client/client/index.js';
import {
  apiKeyCreate,
  auditEntryList,
  auditEntryRecord,
  auditExportDownload,
  auditExportRead,
  auditExportRequest,
  legalDocumentList,
  sessionCreate,
  signUpCreate,
  signUpVerify,
} from './client/index.js';
import type { AuditEntryRecordErrors, NewAuditEntry } from './client/index.js';

const baseUrl = given('VOUCHSAFE_URL');
const user = { email: given('EMAIL'), name: 'Ada Lovelace', password: given('PASSWORD') };

const anybody = createClient(createConfig({ baseUrl, throwOnError: true }));
const { data: documents } = await legalDocumentList({ client: anybody, throwOnError: true });
const accept = documents.items.map(({ document, version }) => ({ document, version }));
const body = { organization: { name: 'Analytical Engines' }, user, accept };
await signUpCreate({
  client: anybody,
  throwOnError: true,
  body,
  headers: { 'Idempotency-Key': crypto.randomUUID() },
});
await signUpVerify({ client: anybody, throwOnError: true, body: { token: await tokenOfEmail() } });

const { email, password } = user;
const { data: session, response } = await sessionCreate({
  client: anybody,
  throwOnError: true,
  body: { email, password },
});
if (!('sessionId' in session)) throw new Error(`Asked for ${session.next}`);
const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
const browser = createClient(createConfig({ baseUrl, headers: { cookie, 'sec-fetch-site': 'same-origin' } }));

const scopes: ('audit:write' | 'audit:read' | 'audit:export')[] = [
  'audit:write',
  'audit:read',
  'audit:export',
];
const made = await apiKeyCreate({
  client: browser,
  throwOnError: true,
  body: { name: 'a back end', scopes },
});
const key = made.data.key ?? '';
const backEnd = createClient(
  createConfig({ baseUrl, auth: ({ scheme }) => (scheme === 'bearer' ? key : undefined) }),
);

const entry: NewAuditEntry = {
  id: crypto.randomUUID(),
  occurredAt: '2026-11-28T10:00:00.123Z',
  actor: { type: 'customer', id: '4711' },
  operation: 'invoice.read',
  entity: { type: 'invoice', id: '1' },
  outcome: 'success',
  sourceIp: '2001:db8::1',
  details: { rows: 3, nested: [{ any: null }] },
};
const recorded = await auditEntryRecord({ client: backEnd, throwOnError: true, body: { entries: [entry] } });
const listed = await auditEntryList({
  client: backEnd,
  throwOnError: true,
  query: { operation: 'invoice.read', limit: 10 },
});
const refused = await auditEntryRecord({
  client: backEnd,
  body: { entries: [{ ...entry, sourceIp: 'nowhere' }] },
});

const { data: asked } = await auditExportRequest({
  client: backEnd,
  throwOnError: true,
  body: { reason: 'A test' },
});
const one = { client: backEnd, throwOnError: true, path: asked } as const;
for (;;) {
  const { data } = await auditExportRead(one);
  if (data.status === 'ready') break;
  if (data.status !== 'running') throw new Error(`The export is ${data.status}`);
  await new Promise((resolve) => setTimeout(resolve, 100));
}
const { data: bundle } = await auditExportDownload({ ...one, parseAs: 'blob' });

console.log(
  JSON.stringify({
    key,
    recorded: recorded.data.entries.length,
    listed: listed.data.entries.map(({ id, details }) => ({ id: id === entry.id, details })),
    refused: refused.error && wordsOf(refused.error),
    bundle: Buffer.from(await (bundle as Blob).arrayBuffer())
      .subarray(0, 2)
      .toString(),
  }),
);

/** A caller can switch over `code`: the compiler knows what each one is. */
function wordsOf(problem: AuditEntryRecordErrors[keyof AuditEntryRecordErrors]): string {
  switch (problem.code) {
    case 'invalid-request': {
      const status: 400 = problem.status;
      return `${status} at ${problem.errors?.[0]?.pointer ?? ''}`;
    }
    case 'too-many-requests':
      return `wait, ${problem.status satisfies 429}`;
    default:
      return problem.title;
  }
}

async function tokenOfEmail(): Promise<string> {
  const folder = given('MAIL_FOLDER');
  for (let tries = 0; tries < 600; tries += 1) {
    for (const name of await readdir(folder)) {
      const message = (await readFile(path.join(folder, name), 'utf8')).replaceAll(/=\r?\n/g, '');
      const token = /#token=(?:3D)?([A-Za-z0-9_-]{43})/.exec(message)?.[1];
      if (token !== undefined && message.includes(user.email)) return token;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('No email came');
}

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
