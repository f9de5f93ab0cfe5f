import { kafkaBus } from './kafka-bus.js';
import type { KafkaOptions } from './kafka-options.js';

/** What the contract suite's workers call in processes of their own. */
export function openBus(options: KafkaOptions) {
  return kafkaBus(options);
}
