import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { leafHash, parseVerifierKey, verifyTlogProof } from '@vouchsafe/transparency-log';
import type { Client } from './client.ts';
import { expectThat, type Narrator } from './narrator.ts';

export interface Evidence {
  readonly narrator: Narrator;
  readonly root: string;
  readonly output: string;
}

interface Entry {
  readonly logId: string;
  readonly index: number;
  readonly id: string | null;
  readonly operation: string;
  readonly outcome: string;
  readonly occurredAt: string;
  readonly sourceIp: string | null;
  readonly url: string | null;
  readonly actor: { readonly type: string; readonly id: string | null };
  readonly submitter: { readonly type: string; readonly id: string } | null;
  readonly details: { readonly next?: string; readonly userId?: string };
}
interface Page {
  readonly entries: readonly Entry[];
  readonly next: string | null;
}
interface Log {
  readonly logId: string;
  readonly origin: string;
  readonly vkey: string;
  readonly size: number;
}

/** The company's own entries go into the same log as everything that Vouchsafe itself did (P23, P24). */
export async function entries({ narrator: { step, tell } }: Evidence, backEnd: Client): Promise<Entry> {
  step('The back end writes what happened in the product into the audit log.');
  const sent = ['invoice.read', 'invoice.export', 'settings.change'].map((operation, index) => ({
    id: randomUUID(),
    occurredAt: new Date(Date.now() - (3 - index) * 1000).toISOString(),
    actor: { type: 'customer-user', id: 'u-4711' },
    operation,
    entity: { type: 'invoice', id: `2026-${index}` },
    outcome: index === 2 ? 'denied' : 'success',
    sourceIp: '203.0.113.7',
    url: `/invoices/2026-${index}?token=secret`,
    details: { rows: index + 1 },
  }));
  const first = (
    await backEnd.post('/v1/audit/entries', { body: { entries: sent }, expect: 201 })
  ).json() as Page;
  tell(first.entries.map(({ index }, nth) => `${sent[nth]?.operation ?? ''} is entry ${index}`).join('\n'));

  step('Sent again, as a back end does after a broken connection, they are not recorded twice.');
  const second = (
    await backEnd.post('/v1/audit/entries', { body: { entries: sent }, expect: 201 })
  ).json() as Page;
  expectThat(
    JSON.stringify(first.entries) === JSON.stringify(second.entries),
    'The same entries got different locations when they were sent again',
  );
  tell('the same locations');

  step('Who was that? By address, by outcome, by operation: any combination.');
  const denied = await ask(backEnd, { sourceIp: '203.0.113.7', outcome: 'denied' });
  expectThat(
    denied.length === 1 && denied[0].operation === 'settings.change',
    'The denied operation was not found by its address',
  );
  tell(denied.map(line).join('\n'));

  step('A key cannot speak for Vouchsafe: the log says of its entries that a key asserted them.');
  const deceit = { ...sent[0], id: randomUUID(), operation: 'identity.logged-in' };
  await backEnd.post('/v1/audit/entries', { body: { entries: [deceit] }, expect: 400 });
  const asserted = await ask(backEnd, { provenance: 'asserted', operation: 'settings.change' });
  tell(
    `identity.logged-in: refused\n${asserted.map(line).join('\n')}: asserted by ${submitterOf(asserted[0])}`,
  );

  step(
    'Her own log-ins are there, too: each request through the gateway has left its entry (P23). A correct password without the second factor is not recorded as a log-in.',
  );
  const logIns = await arrived(() => ask(backEnd, { operation: 'session.create' }));
  expectThat(
    logIns.some(({ details }) => details.next === 'totp' && details.userId !== undefined),
    'No entry says that a password was right and a code was asked for',
  );
  tell(logIns.map(line).join('\n'));
  const [entry] = denied;
  return entry;
}

/** Anyone can check that an entry is in the log, with only the log's public key. */
export async function proof(
  { narrator: { step, tell } }: Evidence,
  backEnd: Client,
  { logId, index }: Entry,
): Promise<Log> {
  step('One entry, and the proof that the log holds it: checked here, by the public key alone.');
  const { logs } = (await backEnd.get('/v1/audit/logs', { expect: 200 })).json() as { logs: Log[] };
  const log = logs.find((one) => one.logId === logId);
  expectThat(log !== undefined, 'The log of the entry is not listed');
  tell(`the key: ${log.vkey}`);
  const proven = (await backEnd.get(`/v1/audit/entries/${logId}/${index}`, { expect: 200 })).json() as {
    leaf: string;
    proof: string;
  };
  const parsed = parseVerifierKey(log.vkey);
  expectThat('key' in parsed, 'The key of the log is not a verifier key');
  const leaf = Buffer.from(proven.leaf, 'base64');
  const checked = verifyTlogProof(Buffer.from(proven.proof), leafHash(leaf), log.origin, [parsed.key]);
  expectThat(checked.status === 'included', `The proof does not hold: ${checked.status}`);
  tell(
    `entry ${index} is in the tree of ${checked.checkpoint.size} entries whose root is ${Buffer.from(checked.checkpoint.root).toString('base64')}`,
  );
  tell(
    `its leaf, as the log hashes it (personal values stand in it as digests): ${leaf.toString().slice(0, 160)}...`,
  );
  const forged = leaf.with(leaf.length >> 1, (leaf[leaf.length >> 1] ?? 0) ^ 1);
  const refused = verifyTlogProof(Buffer.from(proven.proof), leafHash(forged), log.origin, [parsed.key]);
  expectThat(refused.status === 'not-included', 'A changed leaf was taken for the log’s');
  tell('With one bit of it changed, the proof fails.');
  return log;
}

/** The evidence as a file, for a reader who trusts no one. */
export async function forensicExport(
  evidence: Evidence,
  owner: Client,
): Promise<{ bundle: string; keys: string }> {
  const { narrator, output } = evidence;
  const { step, tell } = narrator;
  step(
    'The security team exports the log as evidence, with the addresses opened and a reason on record (P24).',
  );
  const asked = {
    from: new Date(Date.now() - 86_400_000).toISOString(),
    to: new Date(Date.now() + 60_000).toISOString(),
  };
  const body = {
    ...asked,
    filter: {},
    disclose: ['sourceIp', 'url'],
    reason: 'The tour: suspicion of inappropriate access',
  };
  const { exportId } = (await owner.post('/v1/audit/exports', { body, expect: 202 })).json() as {
    exportId: string;
  };
  const job = await until(async () => {
    const state = (await owner.get(`/v1/audit/exports/${exportId}`, { expect: 200, quiet: true })).json() as {
      status: string;
      progress: { done: number; total: number };
    };
    return state.status === 'running' ? undefined : state;
  });
  tell(`${job.status}: ${job.progress.done} of ${job.progress.total} entries`);
  expectThat(job.status === 'ready', `The export is ${job.status}`);
  const { bytes } = await owner.get(`/v1/audit/exports/${exportId}/bundle.zip`, { expect: 200 });

  const [bundle, keys] = [path.join(output, 'bundle.zip'), path.join(output, 'keys.vkey')];
  await mkdir(output, { recursive: true });
  await writeFile(bundle, bytes);
  await writeFile(keys, `${(await verifierKeys(owner)).join('\n')}\n`);
  tell(`${bundle} (${bytes.length} bytes)\n${keys}: the public keys, fetched apart from the bundle`);
  return { bundle, keys };
}

/** Another person's computer, without a network, checks the file; then with one byte changed. */
export async function verification(
  { narrator: { step, tell }, root, output }: Evidence,
  bundle: string,
  keys: string,
  bytes: Buffer,
): Promise<void> {
  step('Another person checks the file, offline, with the verifier and the public keys.');
  const sound = await verify(root, bundle, keys);
  tell(
    `node libs/verify/dist/vouchsafe-verify.mjs ${path.relative(root, bundle)} --vkey ${path.relative(root, keys)} -> exit code ${sound.code}\n\n${sound.said}`,
  );
  expectThat(sound.code === 0, 'The verifier does not accept the bundle');

  step('And with a single byte of it changed.');
  const tampered = path.join(output, 'tampered.zip');
  const place = Math.floor(bytes.length / 2);
  await writeFile(tampered, bytes.with(place, (bytes[place] ?? 0) ^ 1));
  const refused = await verify(root, tampered, keys);
  tell(`byte ${place} of ${bytes.length} changed -> exit code ${refused.code}\n\n${refused.said}`);
  expectThat(refused.code === 1 || refused.code === 2, 'The verifier accepts a changed bundle');
}

async function verifierKeys(client: Client): Promise<string[]> {
  const answer = (await client.get('/v1/audit/logs', { expect: 200 })).json() as {
    logs: readonly Log[];
    manifestKeys?: readonly string[];
  };
  return [...answer.logs.map(({ vkey }) => vkey), ...(answer.manifestKeys ?? [])];
}

export function verify(root: string, bundle: string, keys: string): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    const cli = path.join(root, 'libs/verify/dist/vouchsafe-verify.mjs');
    execFile(process.execPath, [cli, bundle, '--vkey', keys], (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 255) : 0;
      resolve({ code, said: `${stdout}${stderr}`.trimEnd() });
    });
  });
}

/** @throws StepFailed where nothing is found */
export async function ask(
  client: Client,
  filter: Readonly<Record<string, string>>,
): Promise<[Entry, ...Entry[]]> {
  const query = new URLSearchParams({ ...filter, limit: '5' }).toString();
  const page = (await client.get(`/v1/audit/entries?${query}`, { expect: 200 })).json() as Page;
  const [first, ...others] = page.entries;
  expectThat(first !== undefined, `No entry was found for ${query}`);
  return [first, ...others];
}

/** The gateway's entries come over the bus; they are there within a moment, not at once. */
export function arrived<T>(look: () => Promise<T>): Promise<T> {
  return until(() => look().catch(() => undefined));
}

export async function until<T>(look: () => Promise<T | undefined>, within = 60_000): Promise<T> {
  const end = performance.now() + within;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    expectThat(performance.now() < end, `It did not arrive within ${within / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

function submitterOf({ submitter }: Entry): string {
  return submitter === null ? 'an unknown submitter' : `${submitter.type} ${submitter.id}`;
}

function line(entry: Entry): string {
  const { index, occurredAt, operation, outcome, actor, sourceIp, details } = entry;
  const halfway =
    details.next === undefined
      ? ''
      : `: the password of user ${details.userId ?? '-'} was correct, and ${details.next} is still required`;
  const who = actor.type === 'anonymous' ? 'an anonymous caller' : `${actor.type} ${actor.id ?? '-'}`;
  return `entry ${index}: ${occurredAt} ${operation} ${outcome}, by ${who}, from ${sourceIp ?? '-'}${halfway}`;
}
