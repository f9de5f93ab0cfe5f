import { retentionPolicies, serviceNames } from '@vouchsafe/contracts';
import type { TopicSpec } from '@vouchsafe/messaging';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function topicOf(service: string): string {
  return `vouchsafe.${service}`;
}

/**
 * No topic keeps a message longer (docs/bus.md, 'Messages'): retention and the segment's own age together, and an hour for the
 * broker's look at what is due. A transit key is kept as long from the end of its day.
 */
export const TOPICS_KEEP_MS = retentionPolicies['bus-messages'].period.days * DAY_MS;

/** Every service publishes facts, and has one topic. Declared here alone. */
export function topicSpecs(replicas = 1): readonly TopicSpec[] {
  return serviceNames.map((service) => ({
    name: topicOf(service),
    partitions: 8,
    retentionMs: TOPICS_KEEP_MS - DAY_MS,
    segmentMs: DAY_MS - HOUR_MS,
    replicas,
  }));
}
