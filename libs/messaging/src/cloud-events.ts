import type { LaneMessage, LanePosition, RemovedFact } from '@vouchsafe/event-store';
import { z } from 'zod';
import type { IncomingMessage, OutgoingMessage } from './bus.js';

/**
 * CloudEvents 1.0 in Kafka's binary mode (cloudevents/spec, kafka-protocol-binding.md, 3.2): each attribute is a header
 * `ce_<name>`, the data is the message's value. Extensions: `lane` and `number` (with `source` they identify the fact,
 * docs/bus.md, 'Lanes'), `fact` (the same for each version of a fact), `versions` and `traceparent` (CloudEvents' distributed
 * tracing extension; not Kafka's own `traceparent` header, which kafkajs's instrumentation writes over). No personal data here:
 * headers and keys are never sealed. `transitkey` is the id of the key, where the data is a JWE.
 */
export type WireMessage = Pick<OutgoingMessage, 'key' | 'headers' | 'value'>;

/** Type of the message with the last number of each lane; not a contract of any service. */
const LANE_POSITIONS = 'vouchsafe.lane-positions.v1';

/** The nil UUID (RFC 9562, 5.9), in place of an organization. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** Type of what a source gives for a number whose fact was removed (P31); not a contract of any service, and never on the bus. */
const FACT_REMOVED = 'vouchsafe.fact-removed.v1';

/** A fact as it arrives: its source, lane and number, and data that is not checked yet. */
export interface ArrivedFact {
  readonly kind: 'fact';
  readonly source: string;
  readonly lane: number;
  readonly number: bigint;
  readonly id: string;
  /** The contract and its version. */
  readonly type: string;
  /** Types of all versions in which the fact is sent, its own among them. */
  readonly versions: readonly string[];
  readonly time: Date;
  readonly organizationId: string;
  readonly traceparent: string | undefined;
  /** JSON text. */
  readonly value: string;
}

/** A fact whose data is not opened yet (`sealed-message.ts`). */
export interface SealedFact extends Omit<ArrivedFact, 'kind'> {
  readonly kind: 'sealed';
  /** Id of the key, which the source gives. */
  readonly transitKey: string;
  readonly headers: WireMessage['headers'];
  /** A JWE. */
  readonly value: string;
}

export interface ArrivedPositions {
  readonly kind: 'positions';
  readonly source: string;
  readonly lanes: readonly LanePosition[];
}

/** A message that another producer put on our topic: without a number in a lane it cannot take effect exactly once. */
export interface ForeignMessage {
  readonly kind: 'foreign';
  readonly reason: string;
}

/** A fact in clear, as its source gives it to consumers that miss it; on the bus it is as `busMessage` makes it. */
export function factMessage(fact: LaneMessage): OutgoingMessage {
  return {
    key: fact.key,
    slot: fact.lane,
    headers: {
      ...attributes(fact.source, fact.id, fact.publication.contract.type, fact.time),
      ce_lane: String(fact.lane),
      ce_number: String(fact.number),
      ce_fact: `${fact.source}/${fact.lane}/${fact.number}`,
      ...(fact.versions === undefined ? {} : { ce_versions: fact.versions.join(' ') }),
      ...(fact.traceparent === undefined ? {} : { ce_traceparent: fact.traceparent }),
    },
    value: JSON.stringify(fact.publication.data),
  };
}

/** Says of whom it was no more than that it was: a consumer counts its number, and nothing reacts to its type. */
export function removedMessage({ source, lane, number }: RemovedFact): WireMessage {
  const id = `${source}/${lane}/${number}`;
  return {
    key: NOBODY,
    headers: {
      ...attributes(source, id, FACT_REMOVED, new Date(0)),
      ...{ ce_lane: String(lane), ce_number: String(number), ce_fact: id },
    },
    value: 'null',
  };
}

/** All lanes that are given must belong to the partition of `slot`. */
export function positionsMessage(
  source: string,
  slot: number,
  lanes: readonly LanePosition[],
  at: Date,
): OutgoingMessage {
  return {
    key: null,
    slot,
    headers: attributes(source, `${source}/positions/${slot}/${at.getTime()}`, LANE_POSITIONS, at),
    value: JSON.stringify(lanes.map(({ lane, number }) => [lane, String(number)])),
  };
}

export function readMessage(
  message: WireMessage | IncomingMessage,
): ArrivedFact | SealedFact | ArrivedPositions | ForeignMessage {
  const isPositions = message.headers.ce_type === LANE_POSITIONS;
  const headers = (isPositions ? attributeHeaders : factHeaders).safeParse(message.headers);
  if (!headers.success) return foreign(`headers ${fieldsOf(headers.error)}`);
  if (isPositions) return readPositions(headers.data.ce_source, message.value);
  const key = z.uuid().safeParse(message.key);
  if (!key.success) return foreign('the key is not an organization id');
  const fact = headers.data as z.output<typeof factHeaders>;
  const transitKey = fact.ce_transitkey;
  const isSealed = fact['content-type'] === 'application/jose';
  // Clear text is read as well: a source gives it to consumers that miss facts. What a consumer takes from the bus is decided elsewhere.
  if (isSealed !== (transitKey !== undefined))
    return foreign('encrypted, but names no transit key (or the reverse)');
  const common = {
    source: fact.ce_source,
    lane: fact.ce_lane,
    number: fact.ce_number,
    id: fact.ce_id,
    type: fact.ce_type,
    versions: fact.ce_versions ?? [fact.ce_type],
    time: new Date(fact.ce_time),
    organizationId: key.data,
    traceparent: fact.ce_traceparent,
    value: message.value,
  };
  return transitKey === undefined
    ? { kind: 'fact', ...common }
    : { kind: 'sealed', ...common, transitKey, headers: message.headers };
}

function readPositions(source: string, value: string): ArrivedPositions | ForeignMessage {
  const lanes = positions.safeParse(value);
  return lanes.success
    ? { kind: 'positions', source, lanes: lanes.data.map(([lane, number]) => ({ lane, number })) }
    : foreign('positions that cannot be read');
}

function attributes(source: string, id: string, type: string, time: Date): Record<string, string> {
  return {
    ce_specversion: '1.0',
    ce_id: id,
    ce_source: source,
    ce_type: type,
    ce_time: time.toISOString(),
    'content-type': 'application/json',
  };
}

const attributeHeaders = z.object({
  ce_specversion: z.literal('1.0'),
  ce_id: z.string().min(1),
  ce_source: z.string().min(1),
  ce_type: z.string().min(1),
  ce_time: z.iso.datetime({ offset: true }),
  'content-type': z.literal('application/json'),
});
const laneNumber = z
  .string()
  .regex(/^[1-9][0-9]{0,18}$/)
  .transform(BigInt);
const factHeaders = attributeHeaders.extend({
  'content-type': z.enum(['application/json', 'application/jose']),
  ce_transitkey: z.uuid().optional(),
  ce_lane: z
    .string()
    .regex(/^[0-9]{1,4}$/)
    .transform(Number),
  ce_number: laneNumber,
  ce_versions: z
    .string()
    .transform((types) => types.split(' '))
    .optional(),
  ce_traceparent: z.string().optional(),
});
const positions = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: 'custom' });
      return z.NEVER;
    }
  })
  .pipe(z.array(z.tuple([z.int().nonnegative(), laneNumber])));

function foreign(reason: string): ForeignMessage {
  return { kind: 'foreign', reason };
}

function fieldsOf(error: z.ZodError): string {
  return error.issues.map(({ path }) => path.join('.')).join(', ');
}
