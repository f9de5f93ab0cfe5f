import type { TopicSpec } from '@vouchsafe/messaging';

/** Services that publish facts; each has one topic. */
const publishers = ['identity', 'gateway', 'audit'] as const;

const DAY_MS = 86_400_000;

export function topicOf(service: string): string {
  return `vouchsafe.${service}`;
}

/**
 * Declared here alone. Contracts carry personal fields in clear, so a topic keeps 7 days at most: retention and the segment's
 * own age together (event-core, 'The bus').
 */
export const topicSpecs: readonly TopicSpec[] = publishers.map((service) => ({
  name: topicOf(service),
  partitions: 8,
  retentionMs: 6 * DAY_MS,
  segmentMs: DAY_MS,
}));
