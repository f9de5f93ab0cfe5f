import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern } from '@nestjs/microservices';
import { trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataOf } from '@vouchsafe/contracts';
import type { Database } from '@vouchsafe/database';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault, vaultMigrations } from '@vouchsafe/vault';
import type { Bus } from '../bus.js';
import { consumerMigrations } from '../consumer/migrations.js';
import type { Received } from '../consumer/reaction.js';
import { effectMigration, noteTaken, sourceOf } from '../consumer/source.fixture.js';
import { busUrl, eventually } from '../contract/support.js';
import { embeddedBus } from '../embedded/embedded-bus.js';
import { busMigrations } from '../embedded/migrations.js';
import { publishTo } from '../publish.js';
import { ConsumerTransport } from './consumer-transport.js';
import type { ReactionContext } from './reaction-context.js';
import { ReactsTo } from './reacts-to.js';

type Note = Received<DataOf<typeof noteTaken>>;

@Controller()
class NoteReactions {
  readonly texts: string[] = [];
  readonly batches: number[] = [];
  readonly traces: (string | undefined)[] = [];

  @ReactsTo(noteTaken, { permission: 'audit:write' })
  async keep({ source, lane, number, data }: Note, { transaction }: ReactionContext): Promise<void> {
    if (data.text === 'poison') throw new TypeError('cannot be kept');
    await transaction.query('insert into effect (source, lane, number, text) values ($1, $2, $3, $4)', [
      source,
      lane,
      number,
      data.text,
    ]);
    this.texts.push(data.text);
    this.traces.push(trace.getActiveSpan()?.spanContext().traceId);
  }

  @ReactsTo([noteTaken], { permission: 'audit:write', batch: true })
  count(notes: readonly Note[]): Promise<void> {
    this.batches.push(notes.length);
    return Promise.resolve();
  }
}

@Controller()
class Undeclared {
  @EventPattern('vouchsafe.identity.note-taken.v1')
  onNote(...facts: unknown[]): void {
    throw new Error(`Never called, but got ${facts.length}`);
  }
}

@Module({ controllers: [NoteReactions] })
class NoteModule {}

@Module({ controllers: [Undeclared] })
class UndeclaredModule {}

describe('reactions as methods of a Nest controller', () => {
  let folder: string;
  let postgres: TestPostgres;
  let database: Database;
  let vault: Vault;
  let bus: Bus;
  const finished: string[] = [];
  const telemetry = new NodeSDK({
    autoDetectResources: false,
    spanProcessors: [
      {
        onStart: () => undefined,
        onEnd: (span) => void finished.push(span.name),
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
  });
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-transport-'));
    postgres = await testPostgres();
    await postgres.database('bus', busMigrations);
    database = await postgres.database('receiver', [
      ...vaultMigrations,
      ...consumerMigrations,
      effectMigration,
    ]);
    vault = new Vault({
      provider: await localKeyProvider(path.join(folder, 'kek.json'), { create: true }),
      environment: 'test',
      now: () => new Date(),
    });
    bus = embeddedBus({ url: busUrl(postgres.adminUrl) });
    await bus.ensureTopics([{ name: 'notes', partitions: 2, retentionMs: 60_000, segmentMs: 60_000 }]);
    telemetry.start();
  });
  afterAll(async () => {
    await telemetry.shutdown();
    await bus.close();
    await postgres.stop();
    await rm(folder, { recursive: true });
  });

  const transport = (group: string, source: ReturnType<typeof sourceOf>) =>
    new ConsumerTransport({
      database,
      vault,
      bus,
      group,
      topics: ['notes'],
      fetchMissing: source.fetchMissing,
      fetchTransitKeys: source.fetchTransitKeys,
      attempts: 2,
      pauseMs: 1,
    });

  it('get facts one by one or in batches, continue their trace, and set aside what they throw at', async () => {
    const source = sourceOf('nest');
    const strategy = transport('nest', source);
    const app = await NestFactory.createMicroservice(NoteModule, { strategy, logger: false });
    await app.listen();
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await publishTo(bus, 'notes').send([
      source.take(0, 'first', { traceparent: `00-${traceId}-b7ad6b7169203331-01` }),
      source.take(1, 'second'),
      source.take(2, 'poison'),
    ]);
    const consumer = strategy.running;
    const reactions = app.get(NoteReactions);
    await eventually(async () => reactions.texts.length >= 2 && (await consumer.deadLetterCount()) === 1);
    const rows = await database.asWorker((sql) =>
      sql.query<{ text: string }>('select text from effect where source = $1', ['nest']),
    );
    expect(rows.map(({ text }) => text).toSorted()).toEqual(['first', 'second']);
    expect(reactions.traces).toContain(traceId);
    expect(finished).toContain(`process ${noteTaken.type}`);
    expect(reactions.batches.length).toBeGreaterThan(0);
    await eventually(() => consumer.lag().every(({ messages }) => messages === 0n));
    await app.close();
  });

  it('without a declared permission stop the boot (ARCHITECTURE.md, rule 4)', async () => {
    const app = await NestFactory.createMicroservice(UndeclaredModule, {
      strategy: transport('undeclared', sourceOf('undeclared')),
      logger: false,
    });
    await expect(app.listen()).rejects.toThrow('a message handler without a declared permission');
    await app.close();
  });
});
