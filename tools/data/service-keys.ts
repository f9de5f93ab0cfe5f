import type { ServiceName } from '@vouchsafe/contracts';
import type { Database } from '@vouchsafe/database';
import type { Vault } from '@vouchsafe/vault';
import { Refusal } from '../../libs/service-host/src/command-line.ts';
import type { DataDatabase } from './data-database.ts';

/** One service's keys: the tables in its database, and the KEK file above them. */
export interface ServiceKeys {
  readonly name: ServiceName;
  readonly database: Database;
  readonly vault: Vault;
  readonly kekFile: string;
}

/** Opens the keys of every service, or of those that are named, for as long as the work takes. */
export async function withServiceKeys<T>(
  { port, secrets }: DataDatabase,
  work: (services: readonly ServiceKeys[]) => Promise<T>,
  names?: readonly ServiceName[],
): Promise<T> {
  // The packages can be imported once they are built.
  const { Database } = await import('@vouchsafe/database');
  const { localKeyProvider, Vault } = await import('@vouchsafe/vault');
  const { serviceNames } = await import('@vouchsafe/contracts');
  const services = await Promise.all(
    (names ?? serviceNames).map(async (name) => {
      const kekFile = secrets.kekFile(name);
      const vault = new Vault({
        provider: await localKeyProvider(kekFile),
        environment: environment(),
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

/** As the services read it (libs/service-host/src/config.ts). */
function environment(): string {
  return process.env.VOUCHSAFE_ENVIRONMENT ?? 'development';
}

/**
 * For a command that opens keys, before it changes any.
 * @throws Refusal where the KEK files, or the environment, are not those under which the keys were made
 */
export async function requireKeksOpen(services: readonly ServiceKeys[], folder: string): Promise<void> {
  try {
    for (const { database, vault } of services) await database.asWorker((sql) => vault.assertKeksOpen(sql));
  } catch (error) {
    const { VaultError } = await import('@vouchsafe/vault');
    if (!(error instanceof VaultError)) throw error;
    throw new Refusal(
      `The keys in the database cannot be opened with ${folder}: ${error.message}. Nothing was changed.\n${
        environmentHint(error) ?? 'Restore the folder as it was when the system last ran.'
      }`,
    );
  }
}

/** What to do where a KEK is there and does not open: most likely its keys were made in another environment (P20). */
export function environmentHint(error: unknown): string | undefined {
  if ((error as { fault?: unknown }).fault !== 'kek-does-not-open') return undefined;
  const now =
    process.env.VOUCHSAFE_ENVIRONMENT === undefined
      ? 'is not set, which means "development"'
      : `is ${JSON.stringify(environment())}`;
  return `Keys open only in the environment that they were made in. VOUCHSAFE_ENVIRONMENT ${now}: set it as it was set for the services.`;
}
