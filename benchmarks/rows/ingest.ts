import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gatewayFacts, publication } from '@vouchsafe/contracts';
import type { OrganizationId } from '@vouchsafe/event-sourcing';
import { laneOf } from '@vouchsafe/event-store';
import { busMessage, type Bus, embeddedBus, kafkaBus } from '@vouchsafe/messaging';
import { topicOf, topicSpecs } from '@vouchsafe/service-host';
import { testKafka } from '@vouchsafe/testing';
import type { TransitKey } from '@vouchsafe/vault';
import { type Measured, type Row, timed } from '../harness.ts';
import { DURABLE, psql } from '../postgres.ts';
import { requestOf } from './access-log.ts';
import { type AuditSystem, openAuditSystem } from './audit-system.ts';

const ENTRIES = 200_000;
const ORGANIZATIONS = 16;
const USERS = 100;

/** What an entry leaves behind: filled by ours, then by \copy. */
const tables = ['entry', 'disclosure', 'entry_bundle', 'tile', 'checkpoint'];

/** The access log from the bus to signed checkpoints, beside COPY of the rows that came of it, already made, into the same tables. */
export const row: Row = {
  run: async ({ compete, afterwards, size }) => {
    const entries = size(ENTRIES);
    const kafka = await testKafka();
    afterwards(() => kafka.stop());
    const gateway = await transitKeysOfGateway();
    afterwards(gateway.close);
    const onKafka = await openAuditSystem({
      kafkaUrl: `kafka://${kafka.brokers.join(',')}`,
      gatewayPort: gateway.port,
    });
    await ingestFrom(kafkaBus({ brokers: kafka.brokers, clientId: 'bench' }), 'from Kafka', onKafka);
    const onLog = await openAuditSystem({ gatewayPort: gateway.port });
    await ingestFrom(embeddedBus({ url: onLog.busUrl }), 'from the embedded log', onLog);

    async function ingestFrom(bus: Bus, variant: string, system: AuditSystem): Promise<void> {
      afterwards(() => system.close());
      const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-bench-copy-'));
      afterwards(() => rm(folder, { recursive: true }));
      await fillBus(bus, entries, gateway.keyOf);
      let prepared: Promise<void> | undefined;
      await compete({
        variant,
        conditions: {
          concurrency: 'one audit process',
          payload: `${entries} facts of the access log, ${ORGANIZATIONS} organizations`,
          durability: DURABLE,
        },
        warmUp: false,
        ours: () => ingest(system, entries),
        peers: [
          {
            name: 'psql \\copy into the same tables with indexes',
            atLeast: 0.5,
            needs: ['psql'],
            run: async () => {
              // Ours ran first, and left the rows that this one copies.
              prepared ??= prepareCopy(system, folder);
              await prepared;
              return copyIn(system, folder, entries);
            },
          },
        ],
      });
    }
  },
};

/** From a database that knows nothing: from when the service is ready until checkpoints cover every entry. */
async function ingest(system: AuditSystem, entries: number): Promise<Measured> {
  await system.startOver();
  const audit = await system.start();
  const measured = await timed(entries, async () => {
    for (;;) {
      const [covered] = await system.query<{ entries: string }>(
        'audit',
        'select coalesce(sum(checkpoint_size), 0) as entries from log',
      );
      if (Number(covered?.entries) === entries) return;
      await sleep(50);
    }
  });
  await audit.stop();
  return measured;
}

async function prepareCopy(system: AuditSystem, folder: string): Promise<void> {
  const dump = tables.map((table) => `\\copy (select * from ${table}) to '${path.join(folder, table)}'`);
  await psql(system.adminUrl('audit'), dump.join('\n'));
  await system.query('postgres', 'create database audit_copy template audit');
}

async function copyIn(system: AuditSystem, folder: string, entries: number): Promise<Measured> {
  const url = system.adminUrl('audit_copy');
  await psql(url, `truncate ${tables.join(', ')}; checkpoint;`);
  return timed(entries, () =>
    psql(url, tables.map((table) => `\\copy ${table} from '${path.join(folder, table)}'`).join('\n')),
  );
}

/** What audit asks the gateway for while it takes facts in: the keys under which they lie on the bus. */
async function transitKeysOfGateway() {
  const keys = new Map<string, TransitKey>();
  const server = createServer((request, response) => {
    const ids = new URL(request.url ?? '', 'http://gateway').searchParams.get('ids')?.split(',') ?? [];
    const found = [...keys.values()].filter(({ id }) => ids.includes(id));
    const given = found.map(({ key, ...name }) => ({ ...name, key: key.export().toString('base64url') }));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: given, held: 60_000 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    keyOf: (organizationId: string): TransitKey => {
      const key = keys.get(organizationId) ?? {
        ...{ id: randomUUID(), organizationId, key: createSecretKey(randomBytes(32)) },
      };
      keys.set(organizationId, key);
      return key;
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

async function fillBus(
  bus: Bus,
  entries: number,
  keyOf: (organizationId: string) => TransitKey,
): Promise<void> {
  await bus.ensureTopics(topicSpecs());
  const organizations = Array.from({ length: ORGANIZATIONS }, () => ({
    id: randomUUID() as OrganizationId,
    users: Array.from({ length: USERS }, () => randomUUID()),
  }));
  const numbers = new Map<number, bigint>();
  for (let sent = 0; sent < entries;) {
    const messages = Array.from({ length: Math.min(2000, entries - sent) }, (_, i) => {
      const sequence = sent + i + 1;
      const { id, users } = organizations[sequence % ORGANIZATIONS] ?? {
        id: '' as OrganizationId,
        users: [],
      };
      const lane = laneOf(id);
      const number = (numbers.get(lane) ?? 0n) + 1n;
      numbers.set(lane, number);
      return busMessage({
        transitKey: keyOf(id),
        ...{ source: 'gateway', lane, number, key: id, id: `gateway/${lane}/${number}` },
        time: new Date(),
        traceparent: undefined,
        publication: publication(
          gatewayFacts.requestHandled,
          requestOf(id, users[sequence % USERS] ?? '', sequence),
        ),
      });
    });
    await bus.send(topicOf('gateway'), messages);
    sent += messages.length;
  }
  await bus.close();
}
