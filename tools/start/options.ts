import path from 'node:path';
import { type Given, UsageError, wholeNumber } from '../../libs/service-host/src/command-line.ts';

export interface StartOptions {
  /** Port of the gateway, the only public one. */
  readonly port: number;
  /** Folder that everything written goes to. */
  readonly data: string;
  /** Apache Kafka as the bus, in place of the log in Postgres. */
  readonly kafka: boolean;
}

export const usage = `Usage: npm start -- [--port 8080] [--data data] [--kafka]

  --port  where the API listens, on 127.0.0.1   (or VOUCHSAFE_PORT)
  --data  folder of the data                    (or VOUCHSAFE_DATA)
  --kafka Apache Kafka as the bus: the brokers of KAFKA_BROKERS, or one on this machine`;
export const options = {
  port: { type: 'string' },
  data: { type: 'string' },
  kafka: { type: 'boolean' },
} as const;

export function startOptions(
  { port, data, kafka = false }: Given<typeof options>['values'],
  env: Readonly<Record<string, string | undefined>>,
  root: string,
): StartOptions {
  const number = wholeNumber('--port', port ?? env.VOUCHSAFE_PORT ?? '8080', 1, 65_535);
  const folder = data ?? env.VOUCHSAFE_DATA ?? 'data';
  if (folder === '') throw new UsageError('--data must name a folder.');
  return { port: number, data: path.resolve(root, folder), kafka };
}

/** Names what is not the tour's default: the other terminal may not have this one's environment variables. */
export function tourCommand(url: string, { port, data }: StartOptions, root: string): string {
  const args = [
    ...(port === 8080 ? [] : [`--url ${url}`]),
    ...(data === path.resolve(root, 'data') ? [] : [`--data ${quoted(data)}`]),
  ];
  return ['npm run tour', ...(args.length > 0 ? ['--', ...args] : [])].join(' ');
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
