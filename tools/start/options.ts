import path from 'node:path';
import { parseArgs } from 'node:util';
import { Refusal } from './refusal.ts';

export interface StartOptions {
  /** Port of the gateway, the only public one. */
  readonly port: number;
  /** Folder that everything written goes to. */
  readonly data: string;
  /** Apache Kafka as the bus, in place of the log in Postgres. */
  readonly kafka: boolean;
}

export const usage = `npm start -- [--port 8080] [--data data] [--kafka]

  --port  where the API listens, on 127.0.0.1   (or VOUCHSAFE_PORT)
  --data  folder of the data                    (or VOUCHSAFE_DATA)
  --kafka Apache Kafka as the bus: the brokers of KAFKA_BROKERS, or one on this machine`;

export function startOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  root: string,
): StartOptions | 'help' {
  const { port, data, kafka = false, help } = parse(args);
  if (help) return 'help';
  const wanted = port ?? env.VOUCHSAFE_PORT ?? '8080';
  const number = Number(wanted);
  if (!/^\d+$/.test(wanted) || number < 1 || number > 65_535) {
    throw new Refusal(`--port must be a number from 1 to 65535, not ${JSON.stringify(wanted)}.`);
  }
  const folder = data ?? env.VOUCHSAFE_DATA ?? 'data';
  if (folder === '') throw new Refusal('--data must name a folder.');
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

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        data: { type: 'string' },
        kafka: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new Refusal(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
}
