import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** An object as Stripe's API shows it. */
export interface StripeObject {
  readonly id: string;
  readonly object: string;
  readonly created: number;
  [field: string]: unknown;
}

interface KeptAnswer {
  readonly request: string;
  readonly status: number;
  readonly body: unknown;
  readonly at: number;
}

interface State {
  /** Milliseconds by which its clock is ahead of the machine's. */
  ahead: number;
  objects: StripeObject[];
  /** Answers by Idempotency-Key. */
  answers: Record<string, KeptAnswer>;
}

/** Everything that the stand-in knows, and its clock. */
export interface World {
  readonly url: () => string;
  /** Seconds since 1970, by the stand-in's clock. */
  now(): number;
  /** The instant that is being worked off while the clock moves; null afterwards. */
  playing: number | null;
  moveClock(milliseconds: number): void;
  add<Fields extends object>(object: string, prefix: string, fields: Fields): StripeObject & Fields;
  /** Adds an object that has an id already. */
  put(object: StripeObject): void;
  find(id: string): StripeObject | undefined;
  /** Newest first. */
  all(object: string): StripeObject[];
  remove(id: string): void;
  /** Records an event about the object as it is now; it is delivered as a webhook. */
  emit(type: string, object: object): void;
  onEvent: (event: StripeObject) => void;
  readonly answers: Record<string, KeptAnswer>;
  save(): Promise<void>;
}

/** Stripe forgets keys after a day, and lists events for 30. */
const [KEY_SECONDS, EVENT_SECONDS] = [24 * 3600, 30 * 24 * 3600];

export async function openWorld(folder: string | undefined, apiVersion: string): Promise<World> {
  const file = folder === undefined ? undefined : path.join(folder, 'state.json');
  const state = await readState(file);
  const byId = new Map(state.objects.map((one) => [one.id, one]));
  const world: World = {
    url: () => '',
    playing: null,
    now: () => world.playing ?? Math.floor((Date.now() + state.ahead) / 1000),
    moveClock: (milliseconds) => void (state.ahead += milliseconds),
    add: (object, prefix, fields) => {
      const id = `${prefix}_${randomBytes(12).toString('hex')}`;
      const made = { id, object, created: world.now(), livemode: false, ...fields };
      world.put(made);
      return made;
    },
    put: (made) => {
      state.objects.push(made);
      byId.set(made.id, made);
    },
    find: (id) => byId.get(id),
    all: (object) => state.objects.filter((one) => one.object === object).reverse(),
    remove: (id) => {
      byId.delete(id);
      state.objects = state.objects.filter((one) => one.id !== id);
    },
    emit: (type, object) => {
      // A copy: the event says what the object was like then.
      const data = { object: structuredClone(object) };
      const request = { id: null, idempotency_key: null };
      const rest = { type, data, api_version: apiVersion, request, pending_webhooks: 1 };
      world.onEvent(world.add('event', 'evt', rest));
    },
    onEvent: () => undefined,
    answers: state.answers,
    save: () => (file === undefined ? Promise.resolve() : writeState(file, forgotten(state, world.now()))),
  };
  return world;
}

function forgotten(state: State, now: number): State {
  for (const [key, { at }] of Object.entries(state.answers))
    if (at < now - KEY_SECONDS) Reflect.deleteProperty(state.answers, key);
  state.objects = state.objects.filter(
    ({ object, created }) => object !== 'event' || created > now - EVENT_SECONDS,
  );
  return state;
}

async function readState(file: string | undefined): Promise<State> {
  const text = file === undefined ? undefined : await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? { ahead: 0, objects: [], answers: {} } : (JSON.parse(text) as State);
}

async function writeState(file: string, state: State): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
  await rename(`${file}.new`, file);
}
