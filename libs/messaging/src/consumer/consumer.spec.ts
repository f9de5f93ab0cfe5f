import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { contract, publication } from '@vouchsafe/contracts';
import type { DepartingMessage } from '@vouchsafe/event-store';
import { ERASED, personal } from '@vouchsafe/event-sourcing';
import fc from 'fast-check';
import { z } from 'zod';
import type { Bus } from '../bus.js';
import { factMessage, positionsMessage } from '../cloud-events.js';
import { eventually } from '../contract/support.js';
import { busMessage } from '../sealed-message.js';
import type { Consumer, ConsumerOptions } from './consumer.js';
import { deadLetters } from './dead-letter.js';
import { reactionTable } from './react.js';
import { batchReaction, type Reaction, reaction } from './reaction.js';
import type { NotOpened } from './open-facts.js';
import { type Receiver, receiver } from './receiver.fixture.js';
import { scriptedBus } from './scripted-bus.fixture.js';
import { type RecordSettled, settleDeadLetters } from './settle-dead-letters.js';
import { noteTaken, organizations, recording, sourceOf } from './source.fixture.js';
import { givingKeys, transitKeyOf } from './transit-keys.fixture.js';

let service: Receiver;
let group = '';
let groups = 0;

beforeAll(async () => {
  service = await receiver();
});
afterAll(() => service.stop());
beforeEach(() => {
  groups += 1;
  group = `group-${groups}`;
});

function consumer(
  bus: Bus,
  source: ReturnType<typeof sourceOf>,
  reactions: readonly Reaction[] = [recording()],
  more: Partial<ConsumerOptions> = {},
): Promise<Consumer> {
  const quick = { attempts: 2, pauseMs: 1 };
  return service.consume(source, { bus, group, topics: ['t'], reactions, ...quick, ...more });
}

const effects = (source: string) => service.effects(source);
const expectOnceInOrder = (source: ReturnType<typeof sourceOf>) => service.expectOnceInOrder(source);
/** A fact that no reaction is for. */
const noConcern = {
  publication: publication(
    contract({ type: 'vouchsafe.identity.note-filed.v1', summary: 'Of another', schema: z.strictObject({}) }),
    {},
  ),
};

/** As the relay sends them: what says anything of a person comes sealed. */
const wire = (messages: readonly DepartingMessage[]) => messages.map(busMessage);

describe('a consumer', () => {
  it('gives each fact its effect once, however deliveries are shuffled, repeated and dropped', async () => {
    let runs = 0;
    const lanes = 3;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ lane: fc.nat(lanes - 1), concernsUs: fc.boolean() }), {
          minLength: 1,
          maxLength: 25,
        }),
        fc.array(fc.array(fc.nat(24), { maxLength: 12 }), { maxLength: 6 }),
        async (given, deliveries) => {
          runs += 1;
          group = `shuffled-${runs}`;
          const source = sourceOf(`shuffled-${runs}`);
          const script = scriptedBus();
          const messages = given.map(({ lane, concernsUs }, n) =>
            source.take(lane, `note ${n}`, concernsUs ? {} : noConcern),
          );
          const incoming = script.append(wire(messages));
          const running = await consumer(script.bus, source);
          await script.assign();
          for (const delivery of deliveries) {
            const batch = delivery.flatMap((index) => incoming[index] ?? []);
            if (batch.length > 0) await script.deliver(batch);
          }
          // The relay's positions make even a wholly lost tail show.
          const positions = [...source.given].map(([lane, own]) => ({ lane, number: BigInt(own.length) }));
          await script.deliver(script.append([positionsMessage(source.name, 0, positions, new Date())]));
          await eventually(() => running.lanesBehind().length === 0);
          await running.stop();
          await expectOnceInOrder(source);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('skips facts without a reaction; a zombie can neither skip them nor leave a gap', async () => {
    const source = sourceOf('passing');
    const script = scriptedBus();
    const others = ['a', 'b', 'c'].map((text) => source.take(0, text, noConcern));
    const incoming = script.append(wire([...others, source.take(0, 'd')]));
    const running = await consumer(script.bus, source);
    const zombie = await consumer(script.bus, source);
    await script.assign(0);
    await script.assign(1);
    await script.deliver(incoming.slice(0, 2), 0);
    await script.deliver(incoming.slice(0, 2), 1);
    // The zombie seeks to the stored offset, and has moved nothing.
    expect(script.sought).toEqual([2n]);
    // The third was lost on the way: the fourth waits until the source has given it.
    await script.deliver(incoming.slice(3), 0);
    await eventually(() => source.fetched.length > 0 && running.lanesBehind().length === 0);
    await expectOnceInOrder(source);
    expect(source.fetched[0]).toEqual({ lane: 0, first: 3n });
    await running.stop();
    await zombie.stop();
  });

  it('stops a lane at a gap until the source has given what is missing, while other lanes go on', async () => {
    const source = sourceOf('gap');
    const script = scriptedBus();
    const facts = [source.take(0, 'a'), source.take(0, 'b'), source.take(0, 'c'), source.take(1, 'x')];
    let reachable = false;
    const errors: unknown[] = [];
    const running = await consumer(script.bus, source, [recording()], {
      fetchMissing: (...asked) =>
        reachable ? source.fetchMissing(...asked) : Promise.reject(new Error('source is down')),
      onError: (error) => errors.push(error),
    });
    await script.assign();
    const [a, , c, x] = script.append(wire(facts));
    if (!a || !c || !x) throw new Error('Appended messages are missing');
    await script.deliver([a, c, x]);
    await eventually(() => errors.length > 0);
    expect((await effects('gap')).map(({ text }) => text)).toEqual(['a', 'x']);
    expect(running.lanesBehind()).toEqual([{ source: 'gap', lane: 0, reached: 1n, expected: 3n }]);
    reachable = true;
    await eventually(() => running.lanesBehind().length === 0);
    expect((await effects('gap')).map(({ text }) => text)).toEqual(['a', 'x', 'b', 'c']);
    await running.stop();
  });

  it('says so, and stands, when the source does not have what its lane says', async () => {
    const source = sourceOf('hollow');
    const script = scriptedBus();
    const errors: unknown[] = [];
    const running = await consumer(script.bus, source, [recording()], {
      onError: (error) => errors.push(error),
    });
    await script.assign();
    await script.deliver(
      script.append([positionsMessage('hollow', 0, [{ lane: 4, number: 9n }], new Date())]),
    );
    await eventually(() => errors.length > 0);
    expect(errors.map(String)[0]).toContain('hollow does not return number 1 of lane 4');
    await running.stop();
  });

  it('fails a zombie on the number that it expected, before its handlers run', async () => {
    const source = sourceOf('zombie');
    const script = scriptedBus();
    let handled = 0;
    const counting = recording(() => {
      handled += 1;
      return false;
    });
    const errors: unknown[] = [];
    const zombie = await consumer(script.bus, source, [counting], { onError: (error) => errors.push(error) });
    const successor = await consumer(script.bus, source);
    const batch = script.append(wire([source.take(0, 'a'), source.take(0, 'b')]));
    await script.assign(0);
    await script.assign(1);
    await script.deliver(batch, 1);
    await script.deliver(batch, 0);
    expect(errors.map((error) => (error as Error).name)).toEqual(['LostOffsetError']);
    expect(handled).toBe(0);
    expect(script.sought).toEqual([2n]);
    // Should the partition be assigned to it after all, it continues at the database's offset.
    await script.deliver(script.append(wire([source.take(0, 'c')])), 0);
    await expectOnceInOrder(source);
    await zombie.stop();
    await successor.stop();
  });

  it('goes on where its own database says, whatever the bus remembers', async () => {
    const source = sourceOf('place');
    const script = scriptedBus();
    const first = await consumer(script.bus, source);
    await script.assign(0);
    await script.deliver(script.append(wire([source.take(0, 'a'), source.take(0, 'b')])), 0);
    await first.stop();
    const second = await consumer(script.bus, source);
    expect(await script.assign(1)).toBe(2n);
    await second.stop();
  });

  it('hands whole batches to a reaction that asks for them, and single facts to the others, in order', async () => {
    const source = sourceOf('batch');
    const script = scriptedBus();
    const sizes: number[] = [];
    const running = await consumer(script.bus, source, [
      batchReaction(noteTaken, (messages) => {
        sizes.push(messages.length);
        return Promise.resolve();
      }),
      recording(),
    ]);
    await script.assign();
    await script.deliver(
      script.append(wire([source.take(0, 'a'), source.take(1, 'b'), source.take(0, 'c')])),
    );
    expect(sizes).toEqual([3]);
    await expectOnceInOrder(source);
    await running.stop();
  });

  it('leaves out, loudly, what no relay has sent', async () => {
    const source = sourceOf('foreign');
    const script = scriptedBus();
    const errors: unknown[] = [];
    const running = await consumer(script.bus, source, [recording()], {
      onError: (error) => errors.push(error),
    });
    await script.assign();
    const strange = { key: 'k', headers: {}, value: 'not even JSON' };
    await script.deliver(script.append([strange, ...wire([source.take(0, 'a')])]));
    expect(errors.map((error) => (error as Error).name)).toEqual(['ForeignMessageError']);
    await expectOnceInOrder(source);
    await running.stop();
  });
});

describe('a message that keeps failing', () => {
  const queue = () => ({
    database: service.database,
    vault: service.vault,
    group,
    table: reactionTable([recording()]),
    now: () => new Date(),
  });
  let settled: string[] = [];
  const record: RecordSettled = (_, { messageId }, fate) => {
    settled.push(`${messageId} ${fate}`);
    return Promise.resolve();
  };
  beforeEach(() => {
    settled = [];
  });

  it('becomes a dead letter with its error, and later facts of its organization wait behind it; others go on', async () => {
    const source = sourceOf('failing');
    const script = scriptedBus();
    const running = await consumer(script.bus, source, [recording((text) => text === 'poison')]);
    await script.assign();
    const facts = [
      source.take(0, 'before'),
      source.take(1, 'other'),
      source.take(0, 'poison'),
      source.take(0, 'behind'),
      source.take(1, 'other still'),
    ];
    await script.deliver(script.append(wire(facts)));
    await script.deliver(script.append(wire([source.take(0, 'behind, later')])));
    expect((await effects('failing')).map(({ text }) => text)).toEqual(['before', 'other', 'other still']);
    expect(await running.deadLetterCount()).toBe(3);

    const waiting = deadLetters(queue());
    expect(
      (await waiting.list()).map(({ error, attempts, messageId }) => ({ error, attempts, messageId })),
    ).toEqual([
      {
        error: expect.stringMatching(/^Error at source\.fixture\.ts:\d+$/),
        attempts: 2,
        messageId: 'failing/0/2',
      },
      { error: null, attempts: 0, messageId: 'failing/0/3' },
      { error: null, attempts: 0, messageId: 'failing/0/4' },
    ]);

    const failing = settleDeadLetters({ ...queue(), table: reactionTable([recording(() => true)]) }, record);
    expect(await failing.replay(organizations[0] ?? '')).toEqual({ replayed: 0, left: 3 });
    expect(settled).toEqual([]);
    const settling = settleDeadLetters(queue(), record);
    expect(await settling.replay(organizations[0] ?? '', 1)).toEqual({ replayed: 1, left: 2 });
    expect(await settling.replay(organizations[0] ?? '')).toEqual({ replayed: 2, left: 0 });
    expect(settled).toEqual(['failing/0/2 replayed', 'failing/0/3 replayed', 'failing/0/4 replayed']);
    await script.deliver(script.append(wire([source.take(0, 'free again')])));
    expect((await effects('failing')).filter(({ lane }) => lane === 0).map(({ text }) => text)).toEqual([
      'before',
      'poison',
      'behind',
      'behind, later',
      'free again',
    ]);
    await running.stop();
  });

  it('can be discarded; those behind it wait for a replay', async () => {
    const source = sourceOf('discard');
    const script = scriptedBus();
    const running = await consumer(script.bus, source, [recording((text) => text === 'poison')]);
    await script.assign();
    await script.deliver(script.append(wire([source.take(0, 'poison'), source.take(0, 'behind')])));
    const head = await deadLetters(queue()).find('discard/0/1');
    const settling = settleDeadLetters(queue(), record);
    expect(await settling.discard(head?.id ?? 0n)).toBe(true);
    expect(await settling.discard(head?.id ?? 0n)).toBe(false);
    expect(await settling.replay(organizations[0] ?? '')).toEqual({ replayed: 1, left: 0 });
    expect(settled).toEqual(['discard/0/1 discarded', 'discard/0/2 replayed']);
    expect((await effects('discard')).map(({ text }) => text)).toEqual(['behind']);
    await running.stop();
  });

  it('is not replayed where it cannot be recorded that it was', async () => {
    const source = sourceOf('unrecorded');
    const script = scriptedBus();
    const running = await consumer(script.bus, source, [recording((text) => text === 'poison')]);
    await script.assign();
    await script.deliver(script.append(wire([source.take(0, 'poison')])));
    const unable = settleDeadLetters(queue(), () => Promise.reject(new Error('The log is closed')));
    expect(await unable.replay(organizations[0] ?? '')).toEqual({ replayed: 0, left: 1 });
    expect(await effects('unrecorded')).toEqual([]);
    const [head] = await deadLetters(queue()).list();
    await expect(unable.discard(head?.id ?? 0n)).rejects.toThrow('The log is closed');
    expect(await running.deadLetterCount()).toBe(1);
    await running.stop();
  });

  it('does not become a dead letter for a transient failure', async () => {
    const source = sourceOf('machine');
    const script = scriptedBus();
    let down = true;
    const running = await consumer(script.bus, source, [
      recording(() => {
        if (down) throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
        return false;
      }),
    ]);
    await script.assign();
    const batch = script.append(wire([source.take(0, 'a')]));
    await expect(script.deliver(batch)).rejects.toThrow('connect');
    down = false;
    await script.deliver(batch);
    expect(await running.deadLetterCount()).toBe(0);
    await expectOnceInOrder(source);
    await running.stop();
  });

  it('keeps personal values sealed, also of what does not fit its contract, and gives them back', async () => {
    const source = sourceOf('sealed');
    const script = scriptedBus();
    const running = await consumer(script.bus, source, [recording((text) => text === 'poison')]);
    await script.assign();
    const broken = { contract: noteTaken, data: { name: 'Ada of nowhere' } };
    await script.deliver(
      script.append(wire([source.take(0, 'poison'), source.take(1, 'x', { publication: broken })])),
    );
    const rows = await service.database.asWorker((sql) =>
      sql.query('select * from dead_letter where consumer = $1', [group]),
    );
    expect(rows).toHaveLength(2);
    expect(JSON.stringify(rows)).not.toContain('Ada of');
    await settleDeadLetters(queue(), record).replay(organizations[0] ?? '');
    expect((await effects('sealed')).map(({ name }) => name)).toEqual(['Ada of poison']);
    await running.stop();
  });

  it('leaves nothing of a person who is erased, whatever its error said (P10)', async () => {
    const source = sourceOf('erased-meanwhile');
    const script = scriptedBus();
    const talkative = reaction(noteTaken, ({ data }) => {
      const name = JSON.stringify(data.name);
      return Promise.reject(new TypeError(`${name} is no author\n    at ${name}.ts:1:1`));
    });
    const running = await consumer(script.bus, source, [talkative]);
    await script.assign();
    const about = { contract: noteTaken, data: { text: 'poison', author: 'linus', name: 'Linus' } };
    await script.deliver(script.append(wire([source.take(3, 'poison', { publication: about })])));
    await service.database.asRetention((transaction) =>
      service.vault.destroySubject(
        transaction,
        { organizationId: organizations[3] ?? '', subjectId: 'linus' },
        new Date('2026-11-22T11:00:00Z'),
      ),
    );
    const told = async (): Promise<string> => {
      const rows = await service.database.asWorker((sql) =>
        sql.query('select * from dead_letter where consumer = $1', [group]),
      );
      return JSON.stringify([rows, await deadLetters(queue()).list()], (_, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value,
      );
    };
    expect(await told()).not.toContain('Linus');
    const settling = settleDeadLetters({ ...queue(), table: reactionTable([talkative]) }, record);
    expect(await settling.replay(organizations[3] ?? '')).toEqual({ replayed: 0, left: 1 });
    expect(await told()).not.toContain('Linus');
    expect(await told()).toContain('TypeError at consumer.spec.ts');
    await running.stop();
  });

  it('and every other fact of an erased subject arrives as erased', async () => {
    const source = sourceOf('erased');
    const script = scriptedBus();
    const running = await consumer(script.bus, source, [recording((text) => text === 'poison')]);
    await script.assign();
    const about = (text: string) => {
      const fact = source.take(2, text);
      return busMessage({
        ...fact,
        publication: { contract: noteTaken, data: { text, author: 'grace', name: 'Grace' } },
      });
    };
    await script.deliver(script.append([about('poison')]));
    await service.database.asRetention((transaction) =>
      service.vault.destroySubject(
        transaction,
        { organizationId: organizations[2] ?? '', subjectId: 'grace' },
        new Date('2026-11-22T11:00:00Z'),
      ),
    );
    await script.deliver(script.append([about('late')]));
    await settleDeadLetters(queue(), record).replay(organizations[2] ?? '');
    expect((await effects('erased')).map(({ text, name }) => ({ text, name }))).toEqual([
      { text: 'poison', name: ERASED },
      { text: 'late', name: ERASED },
    ]);
    await running.stop();
  });
});

describe('a sealed message', () => {
  const ours = organizations[0] ?? '';
  const texts = async (name: string) => (await effects(name)).map(({ text }) => text);
  /** A consumer whose source answers for keys as the test says, and what it told. */
  const listening = async (name: string, more: Partial<ConsumerOptions>) => {
    const source = sourceOf(name);
    const script = scriptedBus();
    const told: NotOpened[] = [];
    const errors: unknown[] = [];
    const running = await consumer(script.bus, source, [recording()], {
      onNotOpened: (why) => void told.push(why),
      onError: (error) => errors.push(error),
      ...more,
    });
    await script.assign();
    return { source, script, told, errors, running };
  };

  it('is opened by the key that its source gives, which is asked for once as long as it may be held', async () => {
    let now = new Date('2026-11-22T10:00:00Z');
    const asked: string[][] = [];
    const give = givingKeys(
      organizations.map((key) => transitKeyOf(key)),
      30_000,
    );
    const { source, script, told, running } = await listening('keys', {
      now: () => now,
      fetchTransitKeys: (from, ids) => {
        asked.push([...ids]);
        return give(from, ids);
      },
    });
    const deliver = (text: string) => script.deliver(script.append(wire([source.take(0, text)])));
    await script.deliver(
      script.append(wire([source.take(0, 'a'), source.take(0, 'b'), source.take(1, 'c')])),
    );
    await deliver('held');
    expect(asked).toEqual([[transitKeyOf(ours).id, transitKeyOf(organizations[1] ?? '').id]]);
    // The source allows half of what this consumer would hold it for.
    now = new Date(now.getTime() + 30_000);
    await deliver('asked again');
    expect(asked).toHaveLength(2);
    await expectOnceInOrder(source);
    expect({ told, fetched: source.fetched }).toEqual({ told: [], fetched: [] });
    await running.stop();
  });

  it('whose key is gone is a gap: fetched from the source, as the source tells it now, and never a dead letter', async () => {
    const { source, script, told, errors, running } = await listening('destroyed', {
      fetchTransitKeys: givingKeys([transitKeyOf(ours, 2)]),
    });
    const before = [source.take(0, 'before'), source.take(0, 'before, too')];
    const incoming = script.append(
      wire([...before, source.take(0, 'since', { transitKey: transitKeyOf(ours, 2) })]),
    );
    // The source derives what is missing anew: after an erasure, without the person.
    source.given.set(
      0,
      (source.given.get(0) ?? []).map((fact) => ({
        ...fact,
        publication: { ...fact.publication, data: { ...fact.publication.data, name: ERASED } },
      })),
    );
    await script.deliver(incoming);
    await eventually(() => running.lanesBehind().length === 0 && source.fetched.length > 0);
    expect((await effects('destroyed')).map(({ text, name }) => [text, name])).toEqual([
      ['before', ERASED],
      ['before, too', ERASED],
      ['since', ERASED],
    ]);
    expect(told).toEqual(['key-destroyed', 'key-destroyed']);
    expect({ deadLetters: await running.deadLetterCount(), errors }).toEqual({ deadLetters: 0, errors: [] });
    await running.stop();
  });

  it('whose source is away waits, while other sources and plain facts go on', async () => {
    let reachable = false;
    const away = () => Promise.reject(new Error('source is down'));
    const other = sourceOf('other');
    const { source, script, told, errors, running } = await listening('away', {
      fetchTransitKeys: (from, ids) =>
        from === 'away' && !reachable ? away() : other.fetchTransitKeys(from, ids),
      fetchMissing: (...asked) => (reachable ? source.fetchMissing(...asked) : away()),
    });
    await script.deliver(script.append(wire([source.take(0, 'a'), source.take(0, 'b'), other.take(0, 'x')])));
    await eventually(() => errors.length > 1);
    expect([await texts('away'), await texts('other')]).toEqual([[], ['x']]);
    expect(told).toEqual(['key-not-given', 'key-not-given']);
    expect(running.lanesBehind()).toEqual([{ source: 'away', lane: 0, reached: 0n, expected: 2n }]);
    reachable = true;
    await eventually(() => running.lanesBehind().length === 0);
    expect(await texts('away')).toEqual(['a', 'b']);
    await script.deliver(script.append(wire([source.take(0, 'c')])));
    expect(await texts('away')).toEqual(['a', 'b', 'c']);
    expect(await running.deadLetterCount()).toBe(0);
    await running.stop();
  });

  it('that was changed or moved is reported, and fetched from the source', async () => {
    const { source, script, told, errors, running } = await listening('forged', {});
    const [a, b, c] = wire([source.take(0, 'a'), source.take(0, 'b'), source.take(0, 'c')]);
    if (!a || !b || !c) throw new Error('Messages are missing');
    const foreign = busMessage({ ...source.take(1, 'foreign'), transitKey: transitKeyOf(ours) });
    await script.deliver(
      script.append([{ ...a, value: b.value }, { ...b, value: `${b.value.slice(0, -4)}AAAA` }, c, foreign]),
    );
    await eventually(() => running.lanesBehind().length === 0 && source.fetched.length > 1);
    expect(await texts('forged')).toEqual(expect.arrayContaining(['a', 'b', 'c', 'foreign']));
    await expectOnceInOrder(source);
    expect(told).toEqual(['not-authentic', 'not-authentic', 'not-authentic']);
    expect(errors.map(String)).toEqual([
      expect.stringContaining('forged/0/1 (vouchsafe.identity.note-taken.v1) on the bus cannot be opened'),
      expect.stringContaining('forged/0/2'),
      expect.stringContaining('forged/1/1'),
    ]);
    await running.stop();
  });

  it('that no reaction is for stays sealed: its key is not asked for', async () => {
    const asked: (readonly string[])[] = [];
    const { source, script, running } = await listening('unconcerned', {
      fetchTransitKeys: (_, ids) => {
        asked.push(ids);
        return Promise.resolve({ keys: [], heldMilliseconds: 0 });
      },
    });
    const secretNote = contract({
      type: 'vouchsafe.identity.note-hidden.v1',
      summary: 'Of another',
      schema: z.strictObject({ text: personal(z.string(), { purpose: 'account', subject: null }) }),
    });
    const hidden = source.take(0, '', { publication: publication(secretNote, { text: 'Ada' }) });
    await script.deliver(script.append(wire([hidden])));
    expect({ asked, behind: running.lanesBehind() }).toEqual({ asked: [], behind: [] });
    await running.stop();
  });

  it('and one that is not encrypted, as a former release sent them, is fetched: anybody could have written it', async () => {
    const { source, script, told, errors, running } = await listening('clear', {});
    const facts = Array.from({ length: 1200 }, (_, n) => source.take(0, `note ${n}`));
    // What it says is not taken as it came, nor is a version of the contract that this consumer does not know.
    const [first, second, ...others] = facts.map(factMessage);
    if (!first || !second) throw new Error('Messages are missing');
    const forged = { ...first, value: JSON.stringify({ text: 'forged', author: 'ada', name: 'Eve' }) };
    const unknown = {
      ...second,
      headers: { ...second.headers, ce_type: noteTaken.type.replace('.v1', '.v9') },
    };
    const since = [source.take(0, 'since')];
    await script.deliver(script.append([forged, unknown, ...others, ...wire(since)]));
    await eventually(() => running.lanesBehind().length === 0);
    await expectOnceInOrder(source);
    expect((await effects('clear')).slice(0, 2).map(({ text, name }) => [text, name])).toEqual([
      ['note 0', 'Ada of note 0'],
      ['note 1', 'Ada of note 1'],
    ]);
    expect(new Set(told)).toEqual(new Set(['not-encrypted']));
    expect(told).toHaveLength(facts.length);
    // By pages, and no more of them than there are.
    expect(source.fetched.map(({ first: from }) => from)).toEqual([1n, 501n, 1001n]);
    expect({ deadLetters: await running.deadLetterCount(), errors }).toEqual({ deadLetters: 0, errors: [] });
    // What is encrypted is taken from the bus again.
    await script.deliver(script.append(wire([source.take(0, 'later')])));
    await expectOnceInOrder(source);
    expect(source.fetched).toHaveLength(3);
    await running.stop();
  });

  it('that becomes a dead letter is stored neither in clear nor as it came', async () => {
    const { source, script, running } = await listening('aside', {
      reactions: [recording((text) => text === 'poison')],
    });
    const messages = wire([source.take(0, 'poison'), source.take(0, 'behind')]);
    await script.deliver(script.append(messages));
    const rows = await service.database.asWorker((sql) =>
      sql.query<{ text: string }>('select p::text as text from dead_letter p where source = $1', ['aside']),
    );
    expect(rows).toHaveLength(2);
    for (const { text } of rows) {
      expect(text).not.toContain('Ada');
      for (const { value } of messages)
        for (const part of value.split('.').filter(Boolean)) expect(text).not.toContain(part);
    }
    await running.stop();
  });
});
