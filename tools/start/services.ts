import path from 'node:path';
import type { Secrets } from './secrets.ts';

/** In the order in which they stop: the door first, what it leads to after it. */
export const serviceNames = ['gateway', 'identity', 'audit'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** One for each service, and the embedded bus's own. */
export const databases = [...serviceNames, 'bus'] as const;

export interface Surroundings {
  readonly secrets: Secrets;
  readonly postgresPort: number;
  /** Of the bus, where it is not the log in Postgres. */
  readonly kafkaUrl?: string;
  readonly ports: Readonly<Record<ServiceName, number>>;
  /** Of the gateway's inside. */
  readonly internalPort: number;
  readonly mailFolder: string;
  readonly filesFolder: string;
  /** Where each service remembers erasures outside of the database; no backup holds it. */
  readonly tombstonesFolder: string;
  /** More variables, over those made here; tests turn knobs with them. */
  readonly more?: Readonly<Record<string, string>>;
}

/** Where a service says whether it can serve. */
export function healthUrl(name: ServiceName, { ports, internalPort }: Surroundings): string {
  return `http://127.0.0.1:${name === 'gateway' ? internalPort : ports[name]}`;
}

export function tombstoneFileOf(folder: string, name: ServiceName): string {
  return path.join(folder, `${name}.jsonl`);
}

/** Environment variables that a service is started with. */
export function environmentOf(name: ServiceName, surroundings: Surroundings): Record<string, string> {
  const {
    secrets,
    postgresPort,
    kafkaUrl,
    ports,
    internalPort,
    mailFolder,
    filesFolder,
    tombstonesFolder,
    more,
  } = surroundings;
  const url = (service: ServiceName) => `http://127.0.0.1:${ports[service]}`;
  return {
    PORT: String(ports[name]),
    VOUCHSAFE_DATABASE_URL: `postgres://127.0.0.1:${postgresPort}/${name}`,
    VOUCHSAFE_DATABASE_PASSWORD_MIGRATOR: secrets.databasePassword(name, 'migrator'),
    VOUCHSAFE_DATABASE_PASSWORD_REQUEST: secrets.databasePassword(name, 'request'),
    VOUCHSAFE_DATABASE_PASSWORD_WORKER: secrets.databasePassword(name, 'worker'),
    VOUCHSAFE_DATABASE_PASSWORD_RETENTION: secrets.databasePassword(name, 'retention'),
    VOUCHSAFE_BUS_URL:
      kafkaUrl ??
      `postgres://bus_worker:${secrets.databasePassword('bus', 'worker')}@127.0.0.1:${postgresPort}/bus`,
    VOUCHSAFE_KEK_FILE: secrets.kekFile(name),
    VOUCHSAFE_TOMBSTONE_FILE: tombstoneFileOf(tombstonesFolder, name),
    VOUCHSAFE_INTERNAL_PUBLIC_KEYS_FILE: secrets.publicKeysFile,
    VOUCHSAFE_INTERNAL_PRIVATE_KEY_FILE: secrets.privateKeyFile(name),
    VOUCHSAFE_OPERATOR_ORGANIZATION_ID: secrets.operatorOrganizationId,
    VOUCHSAFE_PUBLIC_URL: process.env.VOUCHSAFE_PUBLIC_URL ?? `http://localhost:${ports.gateway}`,
    VOUCHSAFE_IDENTITY_URL: url('identity'),
    VOUCHSAFE_AUDIT_URL: url('audit'),
    // The gateway's inside (lanes, health, metrics) has a port of its own, which no route from outside leads to.
    VOUCHSAFE_GATEWAY_URL: `http://127.0.0.1:${internalPort}`,
    ...(name === 'gateway' && {
      VOUCHSAFE_INTERNAL_PORT: String(internalPort),
      VOUCHSAFE_SESSION_KEY_FILE: secrets.sessionKeyFile,
      // The address that the start prints is the gateway's own, too, beside the public one.
      VOUCHSAFE_ALLOWED_ORIGINS: [url('gateway'), process.env.VOUCHSAFE_ALLOWED_ORIGINS]
        .filter(Boolean)
        .join(','),
    }),
    OTEL_SERVICE_NAME: `vouchsafe-${name}`,
    VOUCHSAFE_MAIL_FOLDER: mailFolder,
    VOUCHSAFE_FILES_FOLDER: filesFolder,
    ...more,
  };
}
