import type { Admin, Kafka } from 'kafkajs';

/** One connection for questions about topics and offsets; made at the first question, and anew after one that failed. */
export function openAdmin(kafka: Kafka) {
  let connected: Promise<Admin> | undefined;

  const connect = async (): Promise<Admin> => {
    const client = kafka.admin();
    await client.connect();
    return client;
  };
  const drop = async (): Promise<void> => {
    const former = connected;
    connected = undefined;
    await (await former?.catch(() => undefined))?.disconnect();
  };

  return {
    use: async <Answer>(ask: (client: Admin) => Promise<Answer>): Promise<Answer> => {
      connected ??= connect();
      const used = connected;
      try {
        return await ask(await used);
      } catch (error) {
        if (connected === used) void drop().catch(() => undefined);
        throw error;
      }
    },
    /** On a connection that knows of no topic: one that a client has asked about and that is gone makes its other questions fail. */
    useFresh: async <Answer>(ask: (client: Admin) => Promise<Answer>): Promise<Answer> => {
      const client = await connect();
      return ask(client).finally(() => client.disconnect());
    },
    close: drop,
  };
}

export type OpenAdmin = ReturnType<typeof openAdmin>;
