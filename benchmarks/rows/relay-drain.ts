import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRelay } from '@vouchsafe/event-store';
import { publishTo } from '@vouchsafe/messaging';
import kafkajs from 'kafkajs';
import pg from 'pg';
import { type Row, timed } from '../harness.ts';
import { DURABLE } from '../postgres.ts';
import { BYTES, happened, relaySetup } from './relay-setup.ts';

const EVENTS = 100_000;
const APPENDED = 500;
/** What the textbook's worker takes in one transaction. */
const NAIVE_BATCH = 100;

/** A backlog from the event table to Kafka: read by cursor, turned into contracts, numbered, sent, acknowledged. */
export const row: Row = {
  run: async ({ compete, afterwards, size }) => {
    const events = size(EVENTS);
    const setup = await relaySetup();
    afterwards(setup.close);
    const owner = new pg.Pool({ connectionString: setup.adminUrl, max: 2 });
    owner.on('error', () => undefined);
    afterwards(() => owner.end());
    for (let made = 0; made < events; made += APPENDED) {
      const marks = Array.from({ length: Math.min(APPENDED, events - made) }, (_, n) => String(made + n));
      await setup.append(made / APPENDED, marks);
    }
    await owner.query(
      `create table outbox as select position as id, organization_id::text as key, payload::text as value, false as sent from event;
       alter table outbox add primary key (id);
       create index on outbox (id) where not sent;
       analyze`,
    );
    const naive = await naiveProducer(setup.brokers);
    afterwards(() => naive.disconnect());
    const naively = async (together: number) => {
      await owner.query('update outbox set sent = false');
      await owner.query('vacuum analyze outbox');
      const topic = await setup.topic();
      // One by one is slow, and as fast at the end as at the beginning: a tenth of it tells.
      const amount = together === 1 ? Math.ceil(events / 10) : events;
      return timed(amount, async () => {
        for (let sent = 0; sent < amount; sent += NAIVE_BATCH)
          await naiveBatch(owner, naive, topic, together);
      });
    };
    await compete({
      variant: '',
      conditions: {
        concurrency: 'one relay',
        payload: `${events} x ${BYTES} B, 64 organizations, 8 partitions`,
        durability: `${DURABLE}; acks all, idempotent`,
      },
      warmUp: false,
      ours: async () => {
        await owner.query(
          `update lane set last_number = 0, acknowledged = 0; truncate outgoing; delete from cursor`,
        );
        const topic = await setup.topic();
        return timed(events, async () => {
          const relay = startRelay({ ...setup, ...publishTo(setup.bus, topic) });
          try {
            for (;;) {
              const { rows } = await owner.query<{ done: number }>(
                'select sum(acknowledged)::int as done from lane',
              );
              if (rows[0]?.done === events) return;
              await sleep(20);
            }
          } finally {
            await relay.stop();
          }
        });
      },
      peers: [
        {
          name: `for update skip locked, ${NAIVE_BATCH} at once, each sent by kafkajs in turn`,
          atLeast: 5,
          run: () => naively(1),
        },
        {
          name: `for update skip locked, ${NAIVE_BATCH} at once, sent by kafkajs together`,
          atLeast: 5,
          run: () => naively(NAIVE_BATCH),
        },
      ],
    });
  },
};

async function naiveProducer(brokers: readonly string[]) {
  const kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });
  const producer = kafka.producer({
    idempotent: true,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  return producer;
}

async function naiveBatch(
  owner: pg.Pool,
  producer: kafkajs.Producer,
  topic: string,
  together: number,
): Promise<void> {
  const client = await owner.connect();
  try {
    await client.query('begin');
    const { rows } = await client.query<{ id: string; key: string; value: string }>(
      'select id, key, value from outbox where not sent order by id limit $1 for update skip locked',
      [NAIVE_BATCH],
    );
    const messages = rows.map(({ key, value }) => ({
      ...{ key, value },
      headers: { ce_type: happened.type, ce_id: randomUUID() },
    }));
    for (let at = 0; at < messages.length; at += together) {
      await producer.send({ topic, acks: -1, messages: messages.slice(at, at + together) });
    }
    await client.query('update outbox set sent = true where id = any ($1::bigint[])', [
      rows.map(({ id }) => id),
    ]);
    await client.query('commit');
  } finally {
    client.release();
  }
}
