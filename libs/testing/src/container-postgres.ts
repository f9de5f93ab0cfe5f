import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startContainer } from './container.js';
import { freePort } from './free-port.js';
import { postgresAnswers } from './local-postgres.js';
import { password, type PostgresServer, testSettings } from './postgres-server.js';

/** A container of the official image (postgres), or of one that takes the same settings. */
export async function containerServer(image: string): Promise<PostgresServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-postgres-'));
  const logFile = path.join(folder, 'log');
  const port = await freePort();
  const adminUrl = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const container = await startContainer({
    image,
    port: { inside: 5432, outside: port },
    env: {
      POSTGRES_PASSWORD: password,
      POSTGRES_HOST_AUTH_METHOD: 'password',
      POSTGRES_INITDB_ARGS: '--encoding=UTF8 --locale=C --no-sync',
      TZ: 'UTC',
    },
    command: ['postgres', ...testSettings(false).flatMap((setting) => ['-c', setting])],
    logFile,
  });
  const answers = async (): Promise<void> => {
    let gone = false;
    void container.ended().then(() => (gone = true));
    await postgresAnswers(adminUrl, () => gone, logFile);
  };
  await answers();
  return {
    port,
    adminUrl,
    restart: async () => {
      await container.signal('SIGQUIT');
      await container.ended();
      await container.start();
      await answers();
    },
    stop: async () => {
      await container.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
