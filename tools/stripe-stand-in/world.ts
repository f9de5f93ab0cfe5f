import { randomBytes } from 'node:crypto';
import { Stripe } from 'stripe';
import type { EventType, Kind, Kinds, Stored, StoredEvent } from './objects.ts';
import { missing } from './problem.ts';
import type { Records } from './records.ts';
import type { Change, StateFile } from './state-file.ts';

/** Who asks: events say so. */
interface Asked {
  readonly id: string | null;
  readonly idempotency_key: string | null;
}

const EVENT_DAYS = 30;

/** Everything that the stand-in knows, and the clock. Every change goes through here, so that it is kept and told. */
export class World {
  /** Where the pages are. */
  url = '';
  asked: Asked = { id: null, idempotency_key: null };
  /** What becomes of a subscription whose renewal could not be paid after the last try. */
  afterRetries: 'cancel' | 'unpaid' | 'past_due' = 'cancel';
  /** Called with each event, once what it belongs to is kept. */
  onEvent: (event: StoredEvent) => void = () => undefined;

  private readonly objects = new Map<Kind, Map<string, Stored>>();
  private readonly records = new Map<keyof Records, Map<string, Records[keyof Records]>>();
  private readonly deletedIds = new Map<string, Kind>();
  private offset = 0;
  private held: number | undefined;
  private fresh: StoredEvent[] = [];
  private readonly file: StateFile;
  private readonly realNow: () => number;

  /** @param realNow milliseconds */
  constructor(file: StateFile, realNow: () => number) {
    this.file = file;
    this.realNow = realNow;
    for (const change of file.read()) this.apply(change);
  }

  /** Where the pages are from now on; those of before a restart were on another port. */
  openAt(url: string): void {
    const before = this.record('origin', 'url');
    this.url = url;
    if (before === url) return;
    this.setRecord('origin', 'url', url);
    if (before === undefined) return;
    for (const [kind, objects] of this.objects)
      for (const object of kind === 'event' ? [] : objects.values()) {
        const text = JSON.stringify(object);
        if (text.includes(before)) this.keep(JSON.parse(text.replaceAll(before, url)) as Stored);
      }
  }

  /** Unix seconds of the stand-in's clock. */
  now(): number {
    return this.held ?? Math.floor((this.realNow() + this.offset) / 1000);
  }

  /** Stops the clock at a moment while something is done then. */
  at(moment: number, work: () => void): void {
    this.held = moment;
    try {
      work();
    } finally {
      this.held = undefined;
    }
  }

  /** Moves the clock. What is due meanwhile is the caller's to do. @param moment Unix seconds, not before now */
  moveTo(moment: number): void {
    this.offset = moment * 1000 - this.realNow();
    this.file.append({ offset: this.offset });
  }

  find<K extends Kind>(kind: K, id: string): Kinds[K] | undefined {
    return this.objects.get(kind)?.get(id) as Kinds[K] | undefined;
  }

  /** @throws Problem where there is none, as Stripe answers. @param param the parameter that named it */
  get<K extends Kind>(kind: K, id: string, param = 'id'): Kinds[K] {
    const found = this.find(kind, id);
    if (!found) throw missing(kind, id, param);
    return found;
  }

  /** @throws Error where there is none: a reference of the stand-in's own is broken */
  require<K extends Kind>(kind: K, id: string): Kinds[K] {
    const found = this.find(kind, id);
    if (!found) throw new Error(`The stand-in lost ${kind} ${id}`);
    return found;
  }

  /** In the order in which they were made. */
  all<K extends Kind>(kind: K): Kinds[K][] {
    return [...(this.objects.get(kind)?.values() ?? [])] as Kinds[K][];
  }

  newId(prefix: string, length = 24): string {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
    return prefix + Array.from(randomBytes(length), (byte) => letters[byte % letters.length]).join('');
  }

  add<Made extends Stored>(object: Made, event?: EventType): Made {
    this.keep(object);
    if (event) this.tell(event, object);
    return object;
  }

  /** Changes an object where anything differs, and tells what it was before. */
  change<Changed extends Stored>(object: Changed, changes: Partial<Changed>, event?: EventType): Changed {
    const before = structuredClone(object);
    Object.assign(object, changes);
    const previous = differing(before, object);
    if (Object.keys(previous).length === 0) return object;
    this.keep(object);
    if (event) this.tell(event, object, event.endsWith('.updated') ? previous : undefined);
    return object;
  }

  remove(object: Stored): void {
    this.objects.get(object.object)?.delete(object.id);
    this.deletedIds.set(object.id, object.object);
    this.file.append({ removed: object.id, kind: object.object });
  }

  isDeleted(kind: Kind, id: string): boolean {
    return this.deletedIds.get(id) === kind;
  }

  note(id: string): Records['note'] {
    return this.record('note', id) ?? {};
  }

  addNote(id: string, note: Records['note']): void {
    this.setRecord('note', id, { ...this.note(id), ...note });
  }

  /** The next of a row of numbers, from 1. */
  next(counter: string): number {
    const number = (this.record('counter', counter) ?? 0) + 1;
    this.setRecord('counter', counter, number);
    return number;
  }

  record<R extends keyof Records>(kind: R, id: string): Records[R] | undefined {
    return this.records.get(kind)?.get(id) as Records[R] | undefined;
  }

  allRecords<R extends keyof Records>(kind: R): [id: string, value: Records[R]][] {
    return [...(this.records.get(kind) ?? [])] as [string, Records[R]][];
  }

  /** Forgets the oldest ones, as far as they are old. */
  forgetRecords<R extends keyof Records>(kind: R, isOld: (value: Records[R]) => boolean): void {
    for (const [id, value] of this.records.get(kind) ?? []) {
      if (!isOld(value as Records[R])) return;
      this.setRecord(kind, id, null);
    }
  }

  /** @param value `null` forgets it */
  setRecord<R extends keyof Records>(kind: R, id: string, value: Records[R] | null): void {
    const change = { record: kind, id, value };
    this.apply(change);
    this.file.append(change);
  }

  /** Makes an event of an object as it is now. */
  tell(type: EventType, object: object, previous?: Readonly<Record<string, unknown>>): StoredEvent {
    const event: StoredEvent = {
      id: this.newId('evt_'),
      object: 'event',
      api_version: Stripe.API_VERSION,
      created: this.now(),
      data: {
        object: structuredClone(object),
        ...(previous && { previous_attributes: structuredClone(previous) }),
      },
      livemode: false,
      pending_webhooks: 0,
      request: this.asked,
      type,
    };
    this.keep(event);
    this.fresh.push(event);
    return event;
  }

  /** Writes what was changed since the last time, and hands out its events. */
  settle(): void {
    this.forgetOldEvents();
    this.file.flush(() => this.everything());
    for (const event of this.fresh.splice(0)) this.onEvent(event);
  }

  private keep(object: Stored): void {
    this.put(object);
    this.file.append({ put: object });
  }

  private put(object: Stored): void {
    const kind = this.objects.get(object.object) ?? new Map<string, Stored>();
    kind.set(object.id, object);
    this.objects.set(object.object, kind);
  }

  private forgetOldEvents(): void {
    const oldest = this.now() - EVENT_DAYS * 86_400;
    for (const event of (this.objects.get('event')?.values() ?? []) as Iterable<StoredEvent>) {
      if (event.created >= oldest) return;
      // What is still to be sent stays: a clock that is moved is faster than the webhook.
      if (event.pending_webhooks > 0 || this.fresh.includes(event)) continue;
      this.objects.get('event')?.delete(event.id);
      this.file.append({ removed: event.id, kind: 'event' });
    }
  }

  private apply(change: Change): void {
    if ('put' in change) this.put(change.put);
    else if ('removed' in change) {
      this.objects.get(change.kind)?.delete(change.removed);
      if (change.kind !== 'event') this.deletedIds.set(change.removed, change.kind);
    } else if ('record' in change) {
      const records = this.records.get(change.record) ?? new Map<string, Records[keyof Records]>();
      if (change.value === null) records.delete(change.id);
      else records.set(change.id, change.value);
      this.records.set(change.record, records);
    } else this.offset = change.offset;
  }

  private everything(): Change[] {
    return [
      { offset: this.offset },
      ...[...this.objects.values()].flatMap((kind) => [...kind.values()].map((put) => ({ put }))),
      ...[...this.records].flatMap(([record, values]) =>
        [...values].map(([id, value]) => ({ record, id, value })),
      ),
      ...[...this.deletedIds].map(([removed, kind]) => ({ removed, kind })),
    ];
  }
}

/** The members of `before` that are otherwise now. */
function differing(before: object, now: object): Record<string, unknown> {
  const differences = Object.entries(before).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify((now as Record<string, unknown>)[name]),
  );
  const added = Object.keys(now).filter((name) => !(name in before));
  return Object.fromEntries([...differences, ...added.map((name) => [name, null] as const)]);
}
