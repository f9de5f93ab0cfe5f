export * from './bus.js';
export * from './cloud-events.js';
export type { BehindLane, FetchMissing } from './consumer/catch-up.js';
export { MissingFactsError } from './consumer/catch-up.js';
export * from './consumer/consumer.js';
export {
  type FetchTransitKeys,
  type GivenTransitKeys,
  NOT_OPENED,
  type NotOpened,
  UnauthenticMessageError,
} from './consumer/open-facts.js';
export { UnreadableFactError } from './consumer/facts.js';
export { consumerMigrations } from './consumer/migrations.js';
export { type DeadLetter, deadLetters, unreadableDeadLetters } from './consumer/dead-letter.js';
export type { DeadLetterQueue } from './consumer/dead-letter-queue.js';
export { reactionTable } from './consumer/react.js';
export * from './consumer/reaction.js';
export { type RecordSettled, settleDeadLetters } from './consumer/settle-dead-letters.js';
export { embeddedBus, type EmbeddedBusOptions } from './embedded/embedded-bus.js';
export { busMigrations } from './embedded/migrations.js';
export { kafkaBus } from './kafka/kafka-bus.js';
export type { KafkaOptions } from './kafka/kafka-options.js';
export * from './publish.js';
export { busMessage } from './sealed-message.js';
export * from './asyncapi.js';
export * from './nest/consumer-transport.js';
export * from './nest/reaction-context.js';
export { reactionsIn } from './nest/reactions-in.js';
export * from './nest/reacts-to.js';
