import { KeyCache, type TransitKey } from '@vouchsafe/vault';
import type { ArrivedFact, SealedFact } from '../cloud-events.js';
import { openFact } from '../sealed-message.js';

/** Transit keys as their source gives them. */
export interface GivenTransitKeys {
  /** Those of the asked for that still stand. */
  readonly keys: readonly TransitKey[];
  /** How long they may be held, from before the question: the source's receipts of erasures wait so long. */
  readonly heldMilliseconds: number;
}

/** Asks a source for the keys of its messages on the bus (internal HTTP). */
export type FetchTransitKeys = (source: string, ids: readonly string[]) => Promise<GivenTransitKeys>;

/**
 * Why a message was not opened. Each is a gap, which the catch-up closes from the source's own store: the key was destroyed (by an
 * erasure, or by age), the source does not answer, the message is not what its source has sealed, or it has personal fields and is not
 * encrypted. The last one is from release 0.1.0, or from anybody who can write to the bus: it is never taken as it came.
 */
export const NOT_OPENED = ['key-destroyed', 'key-not-given', 'not-authentic', 'not-encrypted'] as const;
export type NotOpened = (typeof NOT_OPENED)[number];

/** A message that its source has not sealed so: tampered with, moved, or under another's key. */
export class UnauthenticMessageError extends Error {
  override readonly name = 'UnauthenticMessageError';
  constructor({ id, type }: SealedFact) {
    super(
      `${id} (${type}) on the bus cannot be opened as its source sealed it; it is fetched from the source`,
    );
  }
}

export interface OpeningOptions {
  readonly fetchTransitKeys: FetchTransitKeys;
  /** Keys are held no longer than this, nor than their source says. */
  readonly heldMilliseconds: number;
  readonly now: () => Date;
  readonly onNotOpened: ((why: NotOpened) => void) | undefined;
  readonly onError: ((error: unknown) => void) | undefined;
}

/** Keys held at once; one is an organization's on a day, of one source. */
const HELD = 10_000;

/** Opens what comes sealed over the bus. */
export function factOpener(options: OpeningOptions) {
  const { fetchTransitKeys, heldMilliseconds, now, onNotOpened, onError } = options;
  const held = new KeyCache<TransitKey>({ size: HELD, milliseconds: heldMilliseconds }, now);

  /** Of one source: what another one gives opens nothing of it. */
  const ask = async (source: string, ids: readonly string[]): Promise<readonly TransitKey[]> => {
    const asked = now().getTime();
    const given = await fetchTransitKeys(source, ids);
    // Where the source allows less than we do, the key counts as held for longer already.
    const since = asked - Math.max(0, heldMilliseconds - given.heldMilliseconds);
    for (const key of given.keys) held.set(nameOf(source, key.id), key, since);
    return given.keys;
  };

  /** Those that can be had, and the names of those that their source does not have. */
  const keysOf = async (facts: readonly SealedFact[]) => {
    const keys = new Map<string, TransitKey>();
    const destroyed = new Set<string>();
    const unknown = new Map<string, Set<string>>();
    for (const { source, transitKey } of facts) {
      const known = held.get(nameOf(source, transitKey));
      if (known) keys.set(nameOf(source, transitKey), known);
      else unknown.set(source, (unknown.get(source) ?? new Set()).add(transitKey));
    }
    for (const [source, ids] of unknown) {
      try {
        for (const key of await ask(source, [...ids])) keys.set(nameOf(source, key.id), key);
        for (const id of ids) if (!keys.has(nameOf(source, id))) destroyed.add(nameOf(source, id));
      } catch (error) {
        onError?.(error);
      }
    }
    return { keys, destroyed };
  };

  /** @returns by sealed fact, those that could be opened */
  return async (facts: readonly SealedFact[]): Promise<ReadonlyMap<SealedFact, ArrivedFact>> => {
    const opened = new Map<SealedFact, ArrivedFact>();
    if (facts.length === 0) return opened;
    const { keys, destroyed } = await keysOf(facts);
    for (const sealed of facts) {
      const name = nameOf(sealed.source, sealed.transitKey);
      const key = keys.get(name);
      const fact = key && openFact(sealed, key);
      if (fact) opened.set(sealed, fact);
      else if (!key) onNotOpened?.(destroyed.has(name) ? 'key-destroyed' : 'key-not-given');
      else {
        onNotOpened?.('not-authentic');
        onError?.(new UnauthenticMessageError(sealed));
      }
    }
    return opened;
  };
}

function nameOf(source: string, transitKey: string): string {
  return `${source}/${transitKey}`;
}
