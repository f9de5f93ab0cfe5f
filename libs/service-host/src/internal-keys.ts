import { generateKeyPairSync } from 'node:crypto';
import { access, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Makes the keys of internal tokens for one machine and for tests: `<folder>/<service>.private.pem` (0600) and
 * `<folder>/public-keys.json`. Keeps what is there, when it is there for every service.
 */
export async function ensureInternalKeys(
  folder: string,
  services: readonly string[],
): Promise<{ publicKeysFile: string; privateKeyFile: (service: string) => string }> {
  const files = {
    publicKeysFile: path.join(folder, 'public-keys.json'),
    privateKeyFile: (service: string) => path.join(folder, `${service}.private.pem`),
  };
  const wanted = [files.publicKeysFile, ...services.map(files.privateKeyFile)];
  const present = await Promise.allSettled(wanted.map((file) => access(file)));
  if (present.every(({ status }) => status === 'fulfilled')) return files;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const keys = [];
  for (const service of services) {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    await writeFile(files.privateKeyFile(service), pem, { mode: 0o600 });
    keys.push({ ...publicKey.export({ format: 'jwk' }), kid: service, alg: 'EdDSA', use: 'sig' });
  }
  await writeFile(files.publicKeysFile, JSON.stringify({ keys }, null, 2));
  return files;
}
