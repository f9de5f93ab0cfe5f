import path from 'node:path';
import { type ServiceName, serviceNames, services } from '@vouchsafe/contracts';
import { serviceUrlVariables } from '@vouchsafe/service-host';
import type { Secrets } from './secrets.ts';

export type Ports = Readonly<Record<ServiceName, number>>;

/** A port for each service. */
export async function portsBy(port: (name: ServiceName) => number | Promise<number>): Promise<Ports> {
  const ports = serviceNames.map(async (name) => [name, await port(name)] as const);
  return Object.fromEntries(await Promise.all(ports)) as Ports;
}

export interface Surroundings {
  readonly secrets: Secrets;
  readonly postgresPort: number;
  /** Of the bus, where it is not the log in Postgres. */
  readonly kafkaUrl?: string;
  readonly ports: Ports;
  /** Port of the public service's internal server. */
  readonly internalPort: number;
  readonly mailFolder: string;
  readonly filesFolder: string;
  /** Where each service records erasures outside of the database; no backup contains it. */
  readonly tombstonesFolder: string;
  /** Variables by which billing finds Stripe. */
  readonly stripe?: Readonly<Record<string, string>>;
  /** More variables, over those made here; tests turn knobs with them. */
  readonly more?: Readonly<Record<string, string>>;
}

/**
 * URL of a service's internal server: health, metrics, and what other services ask. The public service has a separate port for it, to
 * which no public route leads.
 */
export function internalUrl(
  name: ServiceName,
  { ports, internalPort }: Pick<Surroundings, 'ports' | 'internalPort'>,
): string {
  return `http://127.0.0.1:${services[name].public ? internalPort : ports[name]}`;
}

export function tombstoneFileOf(folder: string, name: ServiceName): string {
  return path.join(folder, `${name}.jsonl`);
}

/** Which backups there are is recorded beside the tombstones: no backup contains it. */
export function backupRecordsOf(tombstonesFolder: string): string {
  return path.join(tombstonesFolder, 'backups.jsonl');
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
    stripe,
    more,
  } = surroundings;
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
    ...serviceUrlVariables((one) => internalUrl(one, surroundings)),
    ...(name === 'gateway' && {
      VOUCHSAFE_INTERNAL_PORT: String(internalPort),
      VOUCHSAFE_SESSION_KEY_FILE: secrets.sessionKeyFile,
    }),
    // The gateway takes requests from there, billing sends people back there. The address that the start prints is the gateway's own,
    // too, beside the public one.
    ...((name === 'gateway' || name === 'billing') && {
      VOUCHSAFE_ALLOWED_ORIGINS: [`http://127.0.0.1:${ports.gateway}`, process.env.VOUCHSAFE_ALLOWED_ORIGINS]
        .filter(Boolean)
        .join(','),
    }),
    ...(name === 'lifecycle' && { VOUCHSAFE_BACKUP_RECORDS: backupRecordsOf(tombstonesFolder) }),
    // Billing alone asks Stripe: no other process has the keys.
    ...(name === 'billing' && stripe),
    OTEL_SERVICE_NAME: `vouchsafe-${name}`,
    VOUCHSAFE_MAIL_FOLDER: mailFolder,
    VOUCHSAFE_FILES_FOLDER: filesFolder,
    ...more,
  };
}
