import { isIP } from 'node:net';
import type { Json, JsonObject } from '@vouchsafe/transparency-log';
import type { FieldPath } from './field-path.js';
import type { Instant } from './instant.js';

/** `unknown`: the gateway died before it could say how a request ended. */
export const outcomes = ['success', 'denied', 'failure', 'unknown'] as const;
export type Outcome = (typeof outcomes)[number];

/** A field path with a dot between its names; `details` stands for all of them. */
export type DottedPath =
  | 'id'
  | 'actor.id'
  | 'entity.id'
  | 'sourceIp'
  | 'url'
  | 'userAgent'
  | 'requestId'
  | 'details'
  | `details.${string}`;

/** `observed`: recorded by our own services. `asserted`: sent through the API, and not verified. */
export const provenances = ['observed', 'asserted'] as const;
export type Provenance = (typeof provenances)[number];

/** Who can submit entries: a service of ours, an API key, or a person's session. */
export const submitterTypes = ['service', 'api-key', 'session'] as const;

export interface Submitter {
  readonly type: (typeof submitterTypes)[number];
  readonly id: string;
}

/** Who recorded an entry. Audit determines it; a sender cannot set it. */
export interface Origin {
  readonly provenance: Provenance;
  readonly submitter: Submitter;
  /** The service whose fact it is; of what is asserted, the source that the key carries. */
  readonly source: string;
}

export function observedBy(service: string): Origin {
  return { provenance: 'observed', submitter: { type: 'service', id: service }, source: service };
}

/** One thing that happened, as its source reports it (P23). */
export interface NewEntry extends Origin {
  readonly organizationId: string;
  /** The sender's own id of the entry, unique within its source: an entry sent twice is recorded once. Null for facts of the bus. */
  readonly id: string | null;
  readonly occurredAt: Instant;
  readonly actor: { readonly type: string; readonly id: string };
  readonly operation: string;
  readonly entity: { readonly type: string; readonly id: string | null } | null;
  readonly outcome: Outcome;
  readonly sourceIp: string | null;
  readonly url: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
  readonly details: JsonObject;
  /**
   * What may be in the leaf in clear: random ids, values of closed sets, numbers and times (the source's schema says so). Everything
   * else that clients send becomes a digest, as does an id without this mark.
   */
  readonly clear: ReadonlySet<DottedPath>;
  /** The person whom the disclosed values are about; null where none is known. */
  readonly subject: string | null;
  /** Values that are about another person, with that person. */
  readonly about?: ReadonlyMap<DottedPath, string>;
}

/** Version of the leaf's own shape, so that a reader years from now knows what it looks at. */
export const LEAF_VERSION = 2;

/** Beyond this a source's clock is wrong or its report is late: flagged, never refused. */
const SKEW_SECONDS = 300;

export interface LeafParts {
  readonly clear: JsonObject;
  readonly hidden: readonly HiddenValue[];
}

export interface HiddenValue {
  readonly path: FieldPath;
  readonly value: Json;
  readonly subject: string | null;
}

/** Sorts an entry's values into those that are in the leaf and those of which only a digest is. */
export function leafParts(entry: NewEntry, recordedAt: Date): LeafParts {
  const hidden: HiddenValue[] = [];
  const told = (
    dotted: DottedPath,
    path: HiddenValue['path'],
    value: Json | null,
    into: Record<string, Json>,
  ): void => {
    if (value === null) return;
    if (entry.clear.has(dotted)) into[path.at(-1) ?? dotted] = value;
    else hidden.push({ path, value, subject: entry.about?.get(dotted) ?? entry.subject });
  };
  const clear: Record<string, Json> = {
    version: LEAF_VERSION,
    submitter: { ...entry.submitter },
    provenance: entry.provenance,
    source: entry.source,
    occurredAt: entry.occurredAt,
    recordedAt: recordedAt.toISOString(),
    ...skew(entry.occurredAt, recordedAt),
    operation: entry.operation,
    outcome: entry.outcome,
  };
  told('id', ['id'], entry.id, clear);
  const actor: Record<string, Json> = (clear.actor = { type: entry.actor.type });
  told('actor.id', ['actor', 'id'], entry.actor.id, actor);
  if (entry.entity) {
    const entity: Record<string, Json> = (clear.entity = { type: entry.entity.type });
    told('entity.id', ['entity', 'id'], entry.entity.id, entity);
  }
  told('sourceIp', ['sourceIp'], entry.sourceIp, clear);
  told('url', ['url'], entry.url, clear);
  told('userAgent', ['userAgent'], entry.userAgent, clear);
  told('requestId', ['requestId'], entry.requestId, clear);
  // Without a prototype: a member called `__proto__` is a member like any other.
  const details = Object.create(null) as Record<string, Json>;
  if (entry.clear.has('details')) Object.assign(details, entry.details);
  else {
    for (const name of Object.keys(entry.details)) {
      // Null is a value that a source gave; only the fields of the entry itself use it for none.
      const value = entry.details[name] ?? null;
      if (entry.clear.has(`details.${name}`)) details[name] = value;
      else {
        const subject = entry.about?.get(`details.${name}`) ?? entry.subject;
        hidden.push({ path: ['details', name], value, subject });
      }
    }
  }
  if (Object.keys(details).length > 0) clear.details = details;
  return { clear, hidden };
}

function skew(occurredAt: Instant, recordedAt: Date): { skewSeconds?: number } {
  const seconds = Math.round((Date.parse(occurredAt) - recordedAt.getTime()) / 1000);
  return Math.abs(seconds) > SKEW_SECONDS ? { skewSeconds: seconds } : {};
}

/** The words that free text finds an entry by: of what stands in its leaf in clear, and of nothing else. */
export function wordsOf(clear: JsonObject): string[] {
  const { submitter, source, operation, outcome, actor, entity, requestId, details } = clear;
  const words = new Set<string>();
  const { id: submitterId } = submitter as JsonObject;
  for (const told of [submitterId, source, operation, outcome, actor, entity, requestId, details]) {
    if (told !== undefined) collectWords(told, words);
  }
  return [...words];
}

function collectWords(value: Json, words: Set<string>): void {
  if (typeof value === 'string') {
    for (const word of wordsIn(value)) words.add(word);
  } else if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values<Json>(value)) collectWords(inner, words);
  }
}

/** Words of a text, in lower case: an id is one word, all else is cut at everything but letters and digits. */
export function wordsIn(text: string): readonly string[] {
  if (text.length === UUID_LENGTH && uuid.test(text)) return [text];
  let words = knownWords.get(text);
  if (!words) {
    const tokens = text.toLowerCase().split(/\s+/);
    words = [
      ...new Set(
        tokens.flatMap((token) => (uuid.test(token) ? [token] : (token.match(/[\p{L}\p{N}]+/gu) ?? []))),
      ),
    ];
    if (knownWords.size < 5000 && text.length < 100) knownWords.set(text, words);
  }
  return words;
}

/** Operations, types and outcomes are few and come again and again. */
const knownWords = new Map<string, readonly string[]>();
const UUID_LENGTH = 36;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * One spelling of an address, so that equal addresses have equal keyed hashes; undefined when it is none. Apart from libs/service-host, whose
 * `addressGroup` reads addresses as well: an exporter has this file, and loads no service host (ADR 0021).
 */
export function canonicalIp(text: string): string | undefined {
  const version = isIP(text);
  if (version === 4) return text;
  if (version !== 6 || text.includes('%')) return undefined;
  const compressed = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(compressed);
  if (!mapped) return compressed;
  const bytes = Buffer.from((mapped[1] ?? '').padStart(4, '0') + (mapped[2] ?? '').padStart(4, '0'), 'hex');
  return bytes.join('.');
}
