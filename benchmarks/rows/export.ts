import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { anonymous, INTERNAL_TOKEN_HEADER, InternalTokens, readPrivateKey } from '@vouchsafe/service-host';
import { type Measured, type Row, timed } from '../harness.ts';
import { DURABLE, psql } from '../postgres.ts';
import type { ServiceProcess } from '../../tools/start/service-process.ts';
import { requestOf } from './access-log.ts';
import { auditPackage } from './audit-package.ts';
import { type AuditSystem, openAuditSystem } from './audit-system.ts';
import { organizationId } from './event-store.ts';
import { residentMb } from './resident.ts';

const ENTRIES = 500_000;
const BATCH = 2000;

/** A forensic export as a customer asks for it, addresses opened, down to the last byte of the bundle; beside COPY and gzip. */
export const row: Row = {
  run: async ({ compete, afterwards, size }) => {
    const entries = size(ENTRIES);
    const system = await openAuditSystem();
    afterwards(() => system.close());
    let audit = await system.start();
    await fill(system, entries);
    await compete({
      variant: '',
      conditions: {
        concurrency: 'one export, one exporter process',
        payload: `${entries} entries, source addresses opened`,
        durability: `bundle sealed on disk; ${DURABLE}`,
      },
      warmUp: false,
      memoryBelowMb: 150,
      ours: async () => {
        // A process of its own for each run: its peak is that of one export.
        await audit.stop();
        audit = await system.start();
        return exportOnce(system, audit, entries);
      },
      peers: [
        {
          name: 'psql COPY of entries and sealed disclosures to CSV | gzip -1',
          atLeast: 0.4,
          needs: ['psql', 'gzip'],
          run: () =>
            timed(entries, () =>
              psql(
                system.adminUrl('audit'),
                ['entry', 'disclosure']
                  .map((table) => `\\copy (select * from ${table}) to program 'gzip -1 > /dev/null' csv`)
                  .join('\n'),
              ),
            ),
        },
      ],
    });
  },
};

async function exportOnce(system: AuditSystem, audit: ServiceProcess, entries: number): Promise<Measured> {
  const key = await readPrivateKey(system.privateKeyFile('gateway'));
  const tokens = new InternalTokens('gateway', key, () => new Date());
  const ask = async (method: string, path: string, body?: object): Promise<Response> => {
    const token = await tokens.sign('audit', {
      ...anonymous,
      organizationId,
      actor: { type: 'user', id: organizationId },
      authenticationLevel: 'two-factor',
      permissions: ['audit:export', 'audit:read'],
      ...{ requestId: 'bench', sourceIp: '127.0.0.1', userAgent: 'bench' },
    });
    const answer = await fetch(`${audit.url}${path}`, {
      method,
      headers: { [INTERNAL_TOKEN_HEADER]: token, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path} -> ${answer.status} ${await answer.text()}`);
    return answer;
  };
  const exporter = exporterOf(audit.pid);
  const measured = await timed(entries, async () => {
    const asked = await ask('POST', '/v1/audit/exports', { disclose: ['sourceIp'], reason: 'Benchmark' });
    const { exportId } = (await asked.json()) as { exportId: string };
    await ready(async () => {
      await exporter.look();
      return (await ask('GET', `/v1/audit/exports/${exportId}`)).json() as Promise<Status>;
    });
    const bundle = await ask('GET', `/v1/audit/exports/${exportId}/bundle.zip`);
    await bundle.body?.pipeTo(new WritableStream());
  });
  return { ...measured, memoryMb: exporter.memoryMb() };
}

/** The process that a service has an export made in: how large it was when first seen, and at its largest so far. */
function exporterOf(service: number) {
  let memoryMb = { before: Number.NaN, peak: Number.NaN };
  return {
    look: async () => {
      const children = await readFile(`/proc/${service}/task/${service}/children`, 'utf8').catch(() => '');
      const pid = Number(children.split(' ')[0]);
      if (!pid) return;
      const [now, peak] = [await residentMb(pid, 'VmRSS'), await residentMb(pid, 'VmHWM')];
      if (Number.isNaN(peak)) return;
      memoryMb = { before: Number.isNaN(memoryMb.before) ? now : memoryMb.before, peak };
    },
    memoryMb: () => memoryMb,
  };
}

interface Status {
  readonly status: 'running' | 'ready' | 'failed' | 'expired';
  readonly failedBecause: string | null;
  readonly progress: { readonly done: number; readonly total: number };
}

async function ready(ask: () => Promise<Status>): Promise<void> {
  for (;;) {
    const { status, failedBecause } = await ask();
    if (status === 'ready') return;
    if (status !== 'running')
      throw new Error(`The export is ${status}: ${failedBecause ?? 'no reason given'}`);
    await sleep(100);
  }
}

/** Through the one path in, past the bus. */
async function fill(system: AuditSystem, entries: number): Promise<void> {
  const { Recorder } = await auditPackage.record();
  const { entryOfRequest } = await auditPackage.accessLog();
  const { database, vault } = await system.open();
  const users = Array.from({ length: 500 }, () => randomUUID());
  const recorder = new Recorder(
    vault,
    { now: () => new Date() },
    { VOUCHSAFE_LOG_NAME: 'localhost', VOUCHSAFE_PUBLIC_URL: 'http://localhost' },
  );
  for (let done = 0; done < entries; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, entries - done) }, (_, i) =>
      entryOfRequest(requestOf(organizationId, users[(done + i) % users.length] ?? '', done + i)),
    );
    const answer = await database.asWorker((transaction) => recorder.record(transaction, batch));
    if (answer.status !== 'recorded') throw new Error(`Entry ${answer.entry} was refused: ${answer.because}`);
  }
  await database.close();
}
