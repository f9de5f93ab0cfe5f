import type { ServiceName } from '@vouchsafe/contracts';
import type { Database } from '@vouchsafe/database';
import type { Vault } from '@vouchsafe/vault';
import type { DataDatabase } from './data-database.ts';

/** One service's keys: the tables in its database, and the KEK file above them. */
export interface ServiceKeys {
  readonly name: ServiceName;
  readonly database: Database;
  readonly vault: Vault;
  readonly kekFile: string;
}

/** Opens every service's keys for as long as the work takes. */
export async function withServiceKeys<T>(
  { port, secrets }: DataDatabase,
  work: (services: readonly ServiceKeys[]) => Promise<T>,
): Promise<T> {
  // The packages can be imported once they are built.
  const { Database } = await import('@vouchsafe/database');
  const { localKeyProvider, Vault } = await import('@vouchsafe/vault');
  const { serviceNames } = await import('@vouchsafe/contracts');
  const services = await Promise.all(
    serviceNames.map(async (name) => {
      const kekFile = secrets.kekFile(name);
      const vault = new Vault({
        provider: await localKeyProvider(kekFile),
        environment: process.env.VOUCHSAFE_ENVIRONMENT ?? 'development',
        now: () => new Date(),
      });
      const database = new Database({
        service: name,
        url: `postgres://127.0.0.1:${port}/${name}`,
        password: (role) => secrets.databasePassword(name, role),
        poolSize: 2,
      });
      return { name, database, vault, kekFile };
    }),
  );
  try {
    return await work(services);
  } finally {
    for (const { database } of services) await database.close();
  }
}
