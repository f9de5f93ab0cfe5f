import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

export interface Email {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** An email does not change once it has its name: each is read once, however often somebody waits for the next one. */
const known = new Map<string, Email>();

/** Every email that the system has written so far and not removed, decoded. */
export async function emails(folder: string): Promise<Email[]> {
  const files = (await readdir(folder))
    .filter((name) => name.endsWith('.eml'))
    .map((name) => path.join(folder, name));
  const found = await Promise.all(
    files.map(async (file) => {
      // An erasure removes emails while they are read here.
      const email = known.get(file) ?? (await readFile(file, 'utf8').then(parse, () => undefined));
      if (email) known.set(file, email);
      return email;
    }),
  );
  return found.filter((email) => email !== undefined);
}

/** Waits for the email to an address whose subject begins so. */
export async function emailTo(folder: string, to: string, subject: string): Promise<Email> {
  const until = performance.now() + 30_000;
  for (;;) {
    const found = (await emails(folder)).find((one) => one.to === to && one.subject.startsWith(subject));
    if (found) return found;
    if (performance.now() > until) throw new Error(`No email "${subject}" came`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The token behind the `#` of the email's link. */
export function tokenIn({ text }: Email): string {
  const token = /#token=([A-Za-z0-9_-]+)/.exec(text)?.[1];
  if (token === undefined) throw new Error('The email has no link');
  return token;
}

function parse(raw: string): Email {
  const [head = '', ...rest] = raw.replaceAll('\r\n', '\n').split('\n\n');
  const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1] ?? '';
  const body = rest.join('\n\n');
  const text = /^content-transfer-encoding: quoted-printable$/im.test(head) ? quotedPrintable(body) : body;
  return { to: header('To').replace(/^.*<|>$/g, ''), subject: header('Subject'), text };
}

/** RFC 2045 section 6.7. */
function quotedPrintable(text: string): string {
  const bytes = text
    .replaceAll('=\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
