import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { SMTPServer } from 'smtp-server';

export interface ReceivedEmail {
  readonly to: string;
  readonly subject: string;
  readonly messageId: string;
  readonly text: string;
}

export interface Mailbox {
  /** `smtp://127.0.0.1:port` */
  readonly url: string;
  readonly emails: readonly ReceivedEmail[];
  /** Refuses what comes in, as a server that is down for a while does. */
  refusing: boolean;
  /** The first email to an address whose subject begins so, as soon as it is there; each email is given once. */
  take(to: string, subject: string): Promise<ReceivedEmail>;
  close(): Promise<void>;
}

/** A real SMTP server on this machine. */
export async function mailbox(): Promise<Mailbox> {
  const emails: ReceivedEmail[] = [];
  const taken = new Set<ReceivedEmail>();
  const box = { refusing: false };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (box.refusing) {
          callback(new Error('451 try again later'));
          return;
        }
        const recipient = session.envelope.rcptTo[0]?.address ?? '';
        emails.push(parse(recipient, Buffer.concat(chunks).toString('utf8')));
        callback();
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
    emails,
    get refusing() {
      return box.refusing;
    },
    set refusing(value) {
      box.refusing = value;
    },
    take: (to, subject) =>
      arrived(subject, () => {
        const found = emails.find((email) => !taken.has(email) && isFor(email, to, subject));
        if (found) taken.add(found);
        return found;
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}

/** The folder of a service without SMTP. */
export function mailFolderBox(folder: string): Pick<Mailbox, 'take'> {
  const taken = new Set<string>();
  return {
    take: (to, subject) =>
      arrived(subject, async () => {
        const names = await readdir(folder).catch(() => []);
        for (const name of names.filter((one) => one.endsWith('.eml') && !taken.has(one))) {
          const email = parse(null, await readFile(path.join(folder, name), 'utf8'));
          if (!isFor(email, to, subject)) continue;
          taken.add(name);
          return email;
        }
        return undefined;
      }),
  };
}

async function arrived(
  subject: string,
  look: () => ReceivedEmail | undefined | Promise<ReceivedEmail | undefined>,
): Promise<ReceivedEmail> {
  for (let waited = 0; waited < 15_000; waited += 20) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`No email "${subject}" arrived`);
}

function isFor(email: ReceivedEmail, to: string, subject: string): boolean {
  return email.to.toLowerCase() === to.toLowerCase() && email.subject.startsWith(subject);
}

/** The token of the link in an email. */
export function tokenIn({ text }: ReceivedEmail): string {
  const token = /#token=([A-Za-z0-9_-]+)/.exec(text)?.[1];
  if (!token) throw new Error('The email has no link');
  return token;
}

/** @param to as the envelope says, where there is one */
function parse(to: string | null, message: string): ReceivedEmail {
  const [head = '', ...body] = message.split('\r\n\r\n');
  const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1] ?? '';
  return {
    to: to ?? header('To').replace(/^.*<|>$/g, ''),
    subject: header('Subject'),
    messageId: header('Message-ID'),
    text: fromQuotedPrintable(body.join('\r\n\r\n')),
  };
}

function fromQuotedPrintable(text: string): string {
  const bytes = text
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
