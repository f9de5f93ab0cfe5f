import path from 'node:path';
import { testPostgres } from '@vouchsafe/testing';
import pg from 'pg';
import { busContract } from '../contract/bus-contract.js';
import { busUrl } from '../contract/support.js';
import { embeddedBus } from './embedded-bus.js';
import { busMigrations } from './migrations.js';

busContract('the embedded log', async () => {
  const postgres = await testPostgres();
  await postgres.database('bus', busMigrations);
  const url = busUrl(postgres.adminUrl);
  const options = { url, heartbeatMs: 100, deadAfterMs: 1_500 };
  const bus = embeddedBus(options);
  const asOwner = async (statement: string): Promise<void> => {
    const admin = new URL(postgres.adminUrl);
    admin.pathname = '/bus';
    const client = new pg.Client({ connectionString: admin.href });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  return {
    module: path.join(import.meta.dirname, 'open-for-tests.fixture.ts'),
    options,
    bus,
    // What is left when somebody makes the database anew.
    empty: async () => {
      await asOwner(`
        do $$ declare topic_id int; begin
          for topic_id in select id from topic loop execute format('drop table message_%s', topic_id); end loop;
        end $$;
        truncate topic, topic_partition, segment, consumer_group, group_member, assignment restart identity;`);
    },
    keepFor: (topic, retentionMs) =>
      asOwner(`update topic set retention = ${retentionMs} * interval '1 ms' where name = '${topic}'`),
    retain: () => asOwner('select retain()'),
    stop: async () => {
      await bus.close();
      await postgres.stop();
    },
  };
});
