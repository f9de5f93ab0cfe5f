import { embeddedBus, type EmbeddedBusOptions } from './embedded-bus.js';

/** What the contract suite's workers call in processes of their own. */
export function openBus(options: EmbeddedBusOptions) {
  return embeddedBus(options);
}
