import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Client, freshKey } from './client.ts';
import { eventually } from './eventually.ts';
import { root } from './root.ts';

interface ExportJob {
  readonly status: string;
  readonly expiredBecause: string | null;
}

export function exportStatus(client: Client, exportId: string): Promise<ExportJob> {
  return client.must(200, 'GET', `/v1/audit/exports/${exportId}`) as Promise<ExportJob>;
}

/** Asks for a bundle of everything and waits for it. */
export async function exported(
  client: Client,
  disclose: readonly string[],
): Promise<{ readonly exportId: string; readonly bundle: Buffer }> {
  const { exportId } = (await client.must(202, 'POST', '/v1/audit/exports', {
    body: { disclose, reason: 'A test' },
    headers: freshKey(),
  })) as { exportId: string };
  await eventually('The export', async () =>
    (await exportStatus(client, exportId)).status === 'ready' ? true : undefined,
  );
  const { status, bytes, text } = await client.send('GET', `/v1/audit/exports/${exportId}/bundle.zip`);
  if (status !== 200) throw new Error(`No bundle: ${status} ${text}`);
  return { exportId, bundle: bytes };
}

/** Public keys of an organization's logs and of manifests, a line each. */
export async function publicKeys(client: Client): Promise<string> {
  const { logs, manifestKeys } = (await client.must(200, 'GET', '/v1/audit/logs')) as {
    logs: { vkey: string }[];
    manifestKeys: string[];
  };
  return [...logs.map(({ vkey }) => vkey), ...manifestKeys].join('\n');
}

/** Runs the verifier as its reader would, a program of its own. @returns `<exit code>: <what it said>` */
export async function verify(folder: string, bundle: Uint8Array, keys: string): Promise<string> {
  const file = path.join(folder, `${randomUUID()}.zip`);
  await writeFile(file, bundle);
  return verifyFile(folder, file, keys);
}

/** As `verify`, of a file that is where it is. */
export async function verifyFile(folder: string, file: string, keys: string): Promise<string> {
  const given = path.join(folder, `${randomUUID()}.vkeys`);
  await writeFile(given, `${keys}\n`);
  const args = [path.join(root, 'libs/verify/dist/vouchsafe-verify.mjs'), file, '--vkey', given];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 255) : 0;
      resolve(`${code}: ${stdout}${stderr}`);
    });
  });
}
