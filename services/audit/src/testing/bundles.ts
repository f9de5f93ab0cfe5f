import { setTimeout as sleep } from 'node:timers/promises';
import { parseVerifierKey } from '@vouchsafe/transparency-log';
import { verifyBundle } from '@vouchsafe/verify';
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
  const read = (at: number, length: number) => bundle.subarray(at, at + length);
  return verifyBundle({ size: bundle.length, read }, keys);
}

/** The member of a bundle whose name ends so: members are stored, so its header says where it lies. */
export function memberOf(bundle: Buffer, ending: string): string {
  const header = Buffer.from('PK\u0003\u0004', 'latin1');
  for (let at = 0; bundle.indexOf(header, at) === at;) {
    const size = bundle.readUInt32LE(at + 18);
    const start = at + 30 + bundle.readUInt16LE(at + 26);
    if (bundle.toString('latin1', at + 30, start).endsWith(ending))
      return bundle.toString('utf8', start, start + size);
    at = start + size;
  }
  throw new Error(`The bundle has no ${ending}`);
}
