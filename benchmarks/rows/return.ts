import { randomBytes, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OrganizationId } from '@vouchsafe/event-sourcing';
import {
  anonymous,
  INTERNAL_TOKEN_HEADER,
  InternalTokens,
  type Permission,
  readPrivateKey,
} from '@vouchsafe/service-host';
import yauzl from 'yauzl';
import { ZipFile } from 'yazl';
import { type Row, timed } from '../harness.ts';
import { DURABLE } from '../postgres.ts';
import { requestOf } from './access-log.ts';
import { auditPackage } from './audit-package.ts';
import { auditOf } from './audit-system.ts';
import { recorderOf } from './filled-audit.ts';
import { residentMb } from './resident.ts';
import { openWholeSystem, type WholeSystem } from './whole-system.ts';

const ENTRIES = 1_000_000;
const BATCH = 2_000;
const ATTACHED_BYTES = 2_000_000_000;
const FILES = 40;
const LOOK_MS = 100;

/** An organization's data is asked for, put together and downloaded; beside the same files, put into a ZIP by yazl alone. */
export const row: Row = {
  run: async ({ compete, afterwards, size }) => {
    const [entries, bytes] = [size(ENTRIES), size(ATTACHED_BYTES)];
    const system = await openWholeSystem();
    afterwards(() => system.close());
    const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-returned-'));
    afterwards(() => rm(folder, { recursive: true }));
    const ask = await askingLifecycle(system);
    await record(system, entries);
    const fileBytes = Math.ceil(bytes / FILES);
    for (let nth = 0; nth < FILES; nth += 1) await attach(ask, nth, fileBytes);
    const { returnId, parts } = await ready(ask);
    const files: string[] = [];
    for (const part of parts) files.push(...(await unpack(ask, returnId, part, folder)));
    await ask('DELETE', `/v1/lifecycle/returns/${returnId}`);
    await compete({
      variant: '',
      conditions: {
        concurrency: 'one return',
        payload: `${entries} entries, ${FILES} attachments of ${(fileBytes / 1e6).toFixed(1)} MB`,
        durability: `each part sealed on disk; ${DURABLE}`,
      },
      warmUp: false,
      memoryBelowMb: 200,
      ours: async () => {
        const pid = await startAgain(system);
        const before = await residentMb(pid, 'VmRSS');
        const measured = await timed(entries, () => returned(ask));
        return { ...measured, memoryMb: { before, peak: await residentMb(pid, 'VmHWM') } };
      },
      peers: [
        {
          name: 'the same files into a ZIP on disk by yazl',
          atLeast: 0.7,
          run: () => timed(entries, () => zip(folder, files)),
        },
      ],
    });
  },
};

type Ask = (
  method: string,
  where: string,
  body?: Uint8Array<ArrayBuffer> | string,
  type?: string,
) => Promise<Response>;

/** As the gateway asks for an owner who has just proved who they are. */
async function askingLifecycle(system: WholeSystem): Promise<Ask> {
  const { secrets, user } = system;
  const tokens = new InternalTokens(
    'gateway',
    await readPrivateKey(secrets.privateKeyFile('gateway')),
    () => new Date(),
  );
  const permissions: Permission[] = [
    'returns:read',
    'returns:write',
    'attachments:read',
    'attachments:write',
  ];
  return async (method, where, body, type = 'application/json') => {
    const token = await tokens.sign('lifecycle', {
      ...anonymous,
      ...{ organizationId: user.organizationId, actor: { type: 'user', id: user.userId } },
      ...{ roles: ['owner'], permissions, authenticationLevel: 'two-factor' },
      ...{ authenticatedAt: new Date().toISOString(), sessionId: randomUUID(), requestId: randomUUID() },
      ...{ sourceIp: null, userAgent: null },
    });
    const answer = await fetch(system.service('lifecycle').url + where, {
      method,
      headers: { [INTERNAL_TOKEN_HEADER]: token, ...(body !== undefined && { 'content-type': type }) },
      ...(body !== undefined && { body }),
    });
    if (!answer.ok) throw new Error(`${method} ${where} -> ${answer.status} ${await answer.text()}`);
    return answer;
  };
}

/** Through the one path in, past the bus. */
async function record(system: WholeSystem, entries: number): Promise<void> {
  const { entryOfRequest } = await auditPackage.accessLog();
  const { database, vault } = await auditOf(system.secrets, Number(new URL(system.adminUrl).port));
  const organizationId = system.user.organizationId as OrganizationId;
  const users = Array.from({ length: 500 }, () => randomUUID());
  const recorder = await recorderOf(vault, () => new Date());
  for (let done = 0; done < entries; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, entries - done) }, (_, i) =>
      entryOfRequest(requestOf(organizationId, users[(done + i) % users.length] ?? '', done + i)),
    );
    const answer = await database.asWorker((transaction) => recorder.record(transaction, batch));
    if (answer.status !== 'recorded') throw new Error(`Entry ${answer.entry} was refused: ${answer.because}`);
  }
  await database.close();
}

async function attach(ask: Ask, nth: number, bytes: number): Promise<void> {
  await ask('POST', `/v1/attachments?name=${nth}.bin`, randomBytes(bytes), 'application/octet-stream');
}

/** Its peak is that of one return. @returns the process */
async function startAgain(system: WholeSystem): Promise<number> {
  const former = system.service('lifecycle');
  former.kill('SIGTERM');
  await former.exited;
  await system.restart('lifecycle');
  return system.service('lifecycle').pid;
}

/** Until the last byte of the last part is here. */
async function returned(ask: Ask): Promise<void> {
  const { returnId, parts } = await ready(ask);
  for (const part of parts) {
    const answer = await ask('GET', `/v1/lifecycle/returns/${returnId}/parts/${part}`);
    await answer.body?.pipeTo(new WritableStream());
  }
  await ask('DELETE', `/v1/lifecycle/returns/${returnId}`);
}

async function ready(ask: Ask): Promise<{ returnId: string; parts: number[] }> {
  const asked = await ask('POST', '/v1/lifecycle/returns', '{}');
  const { returnId } = (await asked.json()) as { returnId: string };
  for (;;) {
    const answer = await ask('GET', `/v1/lifecycle/returns/${returnId}`);
    const { status, parts } = (await answer.json()) as { status: string; parts: { part: number }[] };
    if (status === 'ready') return { returnId, parts: parts.map(({ part }) => part) };
    if (status === 'failed') throw new Error('The return failed');
    await sleep(LOOK_MS);
  }
}

/** @returns the names of the files, in their order */
async function unpack(ask: Ask, returnId: string, part: number, folder: string): Promise<string[]> {
  const archive = path.join(folder, `part-${part}.zip`);
  const { body } = await ask('GET', `/v1/lifecycle/returns/${returnId}/parts/${part}`);
  if (!body) throw new Error(`Part ${part} is empty`);
  await pipeline(Readable.fromWeb(body), createWriteStream(archive));
  const names: string[] = [];
  const opened = await yauzl.openPromise(archive);
  for await (const entry of opened.eachEntry()) {
    const name = `${part}/${entry.fileName}`;
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await pipeline(await opened.openReadStreamPromise(entry), createWriteStream(path.join(folder, name)));
    names.push(name);
  }
  await rm(archive);
  return names;
}

/** Attachments as they are, everything else deflated, as in ours. */
async function zip(folder: string, files: readonly string[]): Promise<void> {
  const file = new ZipFile();
  for (const name of files)
    file.addReadStreamLazy(name, { compress: !name.includes('/attachments/') }, (give) => {
      give(null, createReadStream(path.join(folder, name)));
    });
  file.end();
  const target = path.join(folder, 'peer.zip');
  await pipeline(file.outputStream as Readable, createWriteStream(target, { flush: true }));
  await rm(target);
}
