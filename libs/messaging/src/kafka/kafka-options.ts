/** How the bus reaches a Kafka cluster. */
export interface KafkaOptions {
  /** `host:port` of some brokers; the others are learned from them. */
  readonly brokers: readonly string[];
  /** Names this program in the brokers' logs and quotas. */
  readonly clientId: string;
  readonly tls?: KafkaTls;
  readonly sasl?: KafkaLogin;
  /** What the client has to tell; nothing is printed otherwise. */
  readonly log?: KafkaLog;
  /** Without a sign of life for so long, a member is dead and its partitions go to others; 10 s where nothing is said. */
  readonly sessionTimeoutMs?: number;
  /** Between two looks at the cluster's topics: a topic that has grown is noticed after so long at the latest. */
  readonly metadataMaxAgeMs?: number;
}

export interface KafkaTls {
  /** PEM of the authorities to trust; the system's where nothing is given. */
  readonly ca?: string;
}

/** SASL/SCRAM-SHA-512: the one mechanism that keeps passwords hashed at the brokers and needs no third party. */
export interface KafkaLogin {
  readonly username: string;
  readonly password: () => string;
}

export type KafkaLog = (level: 'debug' | 'info' | 'warn', message: string) => void;
