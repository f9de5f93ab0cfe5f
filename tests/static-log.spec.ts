import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { goProgram, hasGo, withoutGo } from '@vouchsafe/testing';
import { eventually } from './system/eventually.ts';
import { makeApiKey, signUp } from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

/**
 * Other people's programs must accept every byte of a served log (docs/audit.md, 'The log'): Tessera's own checker reads the
 * checkpoint, every tile and every entry bundle, and computes the root from the leaves.
 */
const FSCK = 'github.com/transparency-dev/tessera/cmd/fsck@v1.0.4';

(hasGo() ? describe : describe.skip)(`Tessera's fsck reads a log from the gateway${withoutGo()}`, () => {
  let system: SystemUnderTest;
  let fsck: string;
  beforeAll(async () => {
    fsck = goProgram(FSCK);
    system = await startForTests();
  }, 400_000);
  afterAll(() => system.stop(), 60_000);

  it('and accepts it, with entries of every size', async () => {
    const asked = await logWithEntries(system);
    const said = await check(system, asked);
    const [, size = `nothing: ${said}`] = /Successfully fsck'd log with size (\d+) /.exec(said) ?? [];
    expect(Number(size)).toBeGreaterThanOrEqual(asked.size);
  }, 120_000);

  it('and refuses it under the key of another log', async () => {
    const { keyFile } = await logWithEntries(system);
    const said = await check(system, { ...(await logWithEntries(system)), keyFile });
    expect(said).toContain('note has no verifiable signatures');
    expect(said).not.toContain('Successfully');
  }, 120_000);

  /** @returns what it printed: its exit code is 0 whatever it finds */
  function check({ url }: SystemUnderTest, { key, keyFile, logId }: ServedLog): Promise<string> {
    const args = [
      `--storage_url=${url}/v1/audit/logs/${logId}/`,
      `--public_key=${keyFile}`,
      `--bearer_token=${key}`,
      '--ui=false',
      '--N=4',
    ];
    return new Promise((resolve) => {
      execFile(fsck, args, { timeout: 60_000 }, (_, stdout, stderr) => resolve(stdout + stderr));
    });
  }
});

interface ServedLog {
  readonly key: string;
  readonly keyFile: string;
  readonly logId: string;
  readonly size: number;
}

/** A log over more than two tiles, whose entries have few and many values, short and long, up to what is accepted. */
async function logWithEntries(system: SystemUnderTest): Promise<ServedLog> {
  const owner = await signUp(system);
  const { client } = await makeApiKey(system, owner.browser, ['audit:write', 'audit:read']);
  const details = [
    {},
    { note: 'x'.repeat(3000) },
    { note: 'ü'.repeat(7000) },
    Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`field-${i}`, i])),
    Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`f${i}`, `${i}`])),
    { deep: JSON.parse('['.repeat(30) + ']'.repeat(30)) as unknown },
  ];
  const entries = Array.from({ length: 520 }, (_, nth) => ({
    id: randomUUID(),
    occurredAt: new Date().toISOString(),
    actor: { type: 'customer-user', id: `person ${nth}` },
    operation: 'document.read',
    entity: { type: 'document', id: 'd'.repeat(1 + (nth % 500)) },
    outcome: 'success',
    sourceIp: '2001:db8::1',
    url: `/documents/${'y'.repeat(nth * 10)}`,
    details: details[nth % details.length],
  }));
  let [logId, last] = ['', 0];
  for (let from = 0; from < entries.length; from += 100) {
    const answer = (await client.must(201, 'POST', '/v1/audit/entries', {
      body: { entries: entries.slice(from, from + 100) },
    })) as { entries: { logId: string; index: number }[] };
    ({ logId, index: last } = answer.entries.at(-1) ?? { logId, index: last });
  }
  const { logs } = (await client.must(200, 'GET', '/v1/audit/logs')) as {
    logs: { logId: string; vkey: string }[];
  };
  const keyFile = path.join(system.folder, `${logId}.vkey`);
  await writeFile(keyFile, `${logs.find((log) => log.logId === logId)?.vkey ?? ''}\n`);
  // The requests made here add entries of their own while it is read.
  const size = await eventually('A checkpoint of all', async () => {
    const { text } = await client.send('GET', `/v1/audit/logs/${logId}/checkpoint`);
    const covered = Number(text.split('\n')[1]);
    return covered > last ? covered : undefined;
  });
  return { key: client.apiKey ?? '', keyFile, logId, size };
}
