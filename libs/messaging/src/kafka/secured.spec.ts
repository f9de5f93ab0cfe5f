/** @promise P06 a Kafka with TLS and SASL: wrong authorities, passwords and weaker ciphers are refused */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer, type Server, type TlsOptions } from 'node:tls';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { freePort, ownKafka, type OwnKafka, whyNoKafka } from '@vouchsafe/testing';
import { eventually } from '../contract/support.js';
import { kafkaBus } from './kafka-bus.js';
import type { KafkaOptions } from './kafka-options.js';

const password = 'a-password-that-nobody-may-see';
const missing = (await whyNoKafka()) ?? whyNoOpenssl();
// Brokers start slowly on a machine that is doing much else at once.
jest.setTimeout(60_000);

(missing === undefined ? describe : describe.skip)(
  `a Kafka that demands TLS and SASL/SCRAM (P06)${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let folder: string;
    let kafka: OwnKafka;
    const said: string[] = [];
    const authority = (name: string) => readFileSync(path.join(folder, `${name}.crt`), 'utf8');

    beforeAll(async () => {
      folder = mkdtempSync(path.join(tmpdir(), 'vouchsafe-secured-'));
      makeCertificates(folder);
      kafka = await ownKafka({
        protocol: 'SASL_SSL',
        scramUsers: [{ name: 'vouchsafe', password }],
        settings: {
          'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
          'sasl.mechanism.inter.broker.protocol': 'SCRAM-SHA-512',
          'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': `org.apache.kafka.common.security.scram.ScramLoginModule required username="vouchsafe" password="${password}";`,
          // In the settings themselves: a broker in a container does not see this machine's files.
          'ssl.keystore.type': 'PEM',
          'ssl.keystore.key': readFileSync(path.join(folder, 'broker.key'), 'utf8'),
          'ssl.keystore.certificate.chain': authority('broker'),
          'ssl.truststore.type': 'PEM',
          'ssl.truststore.certificates': authority('authority'),
          'ssl.enabled.protocols': 'TLSv1.3',
          'ssl.cipher.suites': 'TLS_AES_256_GCM_SHA384',
        },
      });
    });
    afterAll(async () => {
      await kafka.stop();
      rmSync(folder, { recursive: true });
    });

    const options = (more: Partial<KafkaOptions> = {}): KafkaOptions => ({
      brokers: kafka.brokers,
      clientId: 'secured',
      tls: { ca: authority('authority') },
      sasl: { username: 'vouchsafe', password: () => password },
      log: (_, message) => said.push(message),
      ...more,
    });

    /** Why a bus cannot be used, as a log would have it. */
    async function refusal(chosen: KafkaOptions): Promise<string> {
      const bus = kafkaBus(chosen);
      const error: unknown = await bus.partitions('facts').catch((reason: unknown) => reason);
      await bus.close();
      expect(error).toBeInstanceOf(Error);
      expect(inspect(error, { depth: 10 })).not.toContain('password-that');
      return (error as Error).message;
    }

    it('carries facts to whoever has the certificate and the password', async () => {
      const bus = kafkaBus(options());
      await bus.ensureTopics([{ name: 'facts', partitions: 1, retentionMs: 60_000, segmentMs: 60_000 }]);
      await bus.send('facts', [{ key: null, headers: {}, value: 'sealed in transit' }]);
      const seen: string[] = [];
      await bus.subscribe({
        group: 'readers',
        topics: ['facts'],
        startFrom: () => Promise.resolve('earliest'),
        onBatch: ({ messages }) => {
          seen.push(...messages.map(({ value }) => value));
          return Promise.resolve();
        },
      });
      await eventually(() => seen.length === 1);
      expect(seen).toEqual(['sealed in transit']);
      await bus.close();
    });

    it('refuses a wrong password, and the refusal says so without it', async () => {
      const sasl = { username: 'vouchsafe', password: () => 'another-password-that-nobody-may-see' };
      expect(await refusal(options({ sasl }))).toMatch(/authentication failed.*invalid credentials/i);
    });

    it('refuses a stranger who brings no password', async () => {
      const { brokers, clientId, tls } = options();
      expect(await refusal({ brokers, clientId, ...(tls && { tls }) })).not.toBe('');
    });

    it('is refused where its certificate comes from an authority that nobody named', async () => {
      const message = await refusal(options({ tls: { ca: authority('stranger') } }));
      expect(message).toMatch(/certificate/);
    });

    it('is refused where it would agree on less than AES-256 (P06)', async () => {
      const port = await freePort();
      const weak = await listen(port, {
        cert: authority('broker'),
        key: readFileSync(path.join(folder, 'broker.key')),
        ciphers: 'TLS_AES_128_GCM_SHA256',
        minVersion: 'TLSv1.3',
      });
      expect(await refusal(options({ brokers: [`127.0.0.1:${port}`] }))).toMatch(/handshake failure/);
      weak.close();
    });

    it('leaves no password in what the client says', () => {
      expect(said.length).toBeGreaterThan(0);
      expect(said.filter((line) => line.includes('password-that'))).toEqual([]);
    });
  },
);

function listen(port: number, options: TlsOptions): Promise<Server> {
  const server = createServer(options);
  server.on('tlsClientError', () => undefined);
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

function whyNoOpenssl(): string | undefined {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'no openssl on the PATH to make certificates with';
  }
}

/** An authority, a broker's certificate from it, and an authority that has nothing to do with either. */
function makeCertificates(folder: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
  for (const name of ['authority', 'stranger']) {
    const files = ['-keyout', `${name}.key`, '-out', `${name}.crt`];
    openssl('req', '-x509', ...key, '-days', '2', '-subj', `/CN=${name}`, ...files);
  }
  openssl('req', ...key, '-subj', '/CN=broker', '-keyout', 'broker.key', '-out', 'broker.csr');
  writeFileSync(path.join(folder, 'names.txt'), 'subjectAltName=IP:127.0.0.1\n');
  const issuer = ['-CA', 'authority.crt', '-CAkey', 'authority.key', '-CAcreateserial'];
  const days = ['-days', '2', '-extfile', 'names.txt'];
  openssl('x509', '-req', '-in', 'broker.csr', ...issuer, ...days, '-out', 'broker.crt');
}
