import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { StepFailed } from './narrator.ts';

export interface Email {
  readonly file: string;
  readonly subject: string;
  /** The token behind the `#` of the link, which browsers send to no server. */
  readonly token: string;
}

/** Waits for an email with a link to this address; emails are .eml files in the folder. */
export async function emailTo(folder: string, address: string, within = 30_000): Promise<Email> {
  const until = performance.now() + within;
  while (performance.now() < until) {
    for (const name of await readdir(folder).catch(() => [])) {
      if (!name.endsWith('.eml')) continue;
      const email = read(path.join(folder, name), await readFile(path.join(folder, name), 'utf8'), address);
      if (email) return email;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new StepFailed(
    `No email to ${address} arrived in ${folder} within ${within / 1000} s. Does the system write its emails there (--data)?`,
  );
}

function read(file: string, raw: string, address: string): Email | undefined {
  const [head = '', ...rest] = raw.replaceAll('\r\n', '\n').split('\n\n');
  if (!/^To:.*$/m.exec(head)?.[0].includes(address)) return undefined;
  const token = /#token=([A-Za-z0-9_-]+)/.exec(quotedPrintable(rest.join('\n\n')))?.[1];
  if (!token) return undefined;
  return { file, subject: /^Subject: (.*)$/m.exec(head)?.[1] ?? '', token };
}

/** RFC 2045 section 6.7: soft line breaks go, `=3D` is a byte. */
function quotedPrintable(text: string): string {
  return text
    .replaceAll('=\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
