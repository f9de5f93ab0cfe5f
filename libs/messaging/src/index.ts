export * from './bus.js';
export * from './cloud-events.js';
export type { BehindLane, FetchMissing } from './consumer/catch-up.js';
export { MissingFactsError } from './consumer/catch-up.js';
export * from './consumer/consumer.js';
export { UnreadableFactError } from './consumer/facts.js';
export { consumerMigrations } from './consumer/migrations.js';
export {
  type ParkedMessage,
  parkedMessages,
  type Parking,
  type RecordSettled,
  settleParked,
  unreadableParked,
} from './consumer/parking.js';
export { reactionTable } from './consumer/react.js';
export * from './consumer/reaction.js';
export { embeddedBus, type EmbeddedBusOptions } from './embedded/embedded-bus.js';
export { busMigrations } from './embedded/migrations.js';
export { kafkaBus } from './kafka/kafka-bus.js';
export type { KafkaOptions } from './kafka/kafka-options.js';
export * from './publish.js';
export * from './asyncapi.js';
export * from './nest/consumer-transport.js';
export * from './nest/reaction-context.js';
export { reactionsIn } from './nest/reactions-in.js';
export * from './nest/reacts-to.js';
