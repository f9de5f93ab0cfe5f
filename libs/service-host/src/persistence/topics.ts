import type { TopicSpec } from '@vouchsafe/messaging';

/** Services that publish facts; each has one topic. */
const publishers = ['identity', 'gateway', 'audit'] as const;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function topicOf(service: string): string {
  return `vouchsafe.${service}`;
}

/**
 * Declared here alone. Contracts carry personal fields in clear, so a topic keeps 7 days at most (event-core, 'The bus'):
 * retention and the segment's own age together, less an hour for the broker's look at what is due.
 */
export function topicSpecs(replicas = 1): readonly TopicSpec[] {
  return publishers.map((service) => ({
    name: topicOf(service),
    partitions: 8,
    retentionMs: 6 * DAY_MS,
    segmentMs: DAY_MS - HOUR_MS,
    replicas,
  }));
}
