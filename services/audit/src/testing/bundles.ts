import { setTimeout as sleep } from 'node:timers/promises';
import { parseVerifierKey } from '@vouchsafe/transparency-log';
import { type ByteSource, readMember, readZip, verifyBundle } from '@vouchsafe/verify';
import type { LogView } from '../log/log-reader.js';
import type { AuditApp } from './audit-app.js';

/** Asks for a bundle, waits until it is made, and fetches it. */
export async function fetchBundle(app: AuditApp, request: object): Promise<Buffer> {
  const begun = await app.ask<{ exportId: string }>('POST', '/v1/audit/exports', {
    body: { reason: 'a suspicion', ...request },
  });
  if (begun.status !== 202) throw new Error(`The export is refused: ${begun.bytes.toString()}`);
  const path = `/v1/audit/exports/${begun.body.exportId}`;
  for (;;) {
    const { status } = (await app.ask<{ status: string }>('GET', path)).body;
    if (status === 'ready') break;
    if (status !== 'running') throw new Error(`The export is ${status}`);
    await sleep(50);
  }
  return (await app.ask('GET', `${path}/bundle.zip`)).bytes;
}

/** Checks a bundle by the keys that the API gives, not by those in it. */
export async function verificationOf(
  app: AuditApp,
  bundle: Buffer,
): Promise<Awaited<ReturnType<typeof verifyBundle>>> {
  const { body } = await app.ask<{ logs: LogView[]; manifestKeys: string[] }>('GET', '/v1/audit/logs');
  const keys = [...body.logs.map((log) => log.vkey), ...body.manifestKeys].map((vkey) => {
    const parsed = parseVerifierKey(vkey);
    if (!('key' in parsed)) throw new Error(parsed.error);
    return parsed.key;
  });
  return verifyBundle(sourceOf(bundle), keys);
}

/** The text of a bundle's member whose name ends so. */
export function memberOf(bundle: Buffer, ending: string): string {
  const source = sourceOf(bundle);
  const member = readZip(source).find(({ name }) => name.endsWith(ending));
  if (!member) throw new Error(`The bundle has no ${ending}`);
  return readMember(source, member).toString();
}

function sourceOf(bundle: Buffer): ByteSource {
  return { size: bundle.length, read: (at, length) => bundle.subarray(at, at + length) };
}
