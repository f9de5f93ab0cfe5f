import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SMTPServer } from 'smtp-server';

export interface Smtp {
  /** `smtp://127.0.0.1:port` */
  readonly url: string;
  /** From then on what comes in is written there, as the system writes emails where it has no server. */
  deliverTo(folder: string): void;
  close(): Promise<void>;
}

/** A real SMTP server on this machine. */
export async function startSmtp(): Promise<Smtp> {
  let folder: string | undefined;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData: (stream, _, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        deliver(folder, Buffer.concat(chunks)).then(() => callback(), callback);
      });
    },
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
  return {
    url: `smtp://127.0.0.1:${port}`,
    deliverTo: (to) => {
      folder = to;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}

async function deliver(folder: string | undefined, email: Buffer): Promise<void> {
  if (folder === undefined) throw new Error('451 try again later');
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, `${randomUUID()}.eml`);
  await writeFile(`${file}.part`, email);
  await rename(`${file}.part`, file);
}
