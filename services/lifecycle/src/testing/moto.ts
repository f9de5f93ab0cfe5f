import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { freePort, pythonEnvironment } from '@vouchsafe/testing';

export interface Moto {
  readonly endpoint: string;
  /** Asks it behind the back of what is tested. */
  readonly client: S3Client;
  /** A new bucket, which keeps earlier versions of its objects. */
  bucket(): Promise<string>;
  stop(): Promise<void>;
}

/** Another project's S3, for suites (PyPI `moto`). Region and credentials go into this process's environment, where the SDK looks. */
export async function startMoto(): Promise<Moto> {
  const python = pythonEnvironment('moto', path.join(import.meta.dirname, 'requirements.txt'));
  const port = await freePort();
  const child = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
  });
  const endpoint = `http://127.0.0.1:${port}`;
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'testing',
    AWS_SECRET_ACCESS_KEY: 'testing',
  });
  await untilItAnswers(`${endpoint}/moto-api/`);
  const client = new S3Client({ endpoint, forcePathStyle: true });
  return {
    endpoint,
    client,
    bucket: async () => {
      const Bucket = `attachments-${randomUUID()}`;
      const place = { LocationConstraint: 'eu-central-1' } as const;
      await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: place }));
      const VersioningConfiguration = { Status: 'Enabled' } as const;
      await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
      return Bucket;
    },
    stop: async () => {
      client.destroy();
      child.kill();
      await once(child, 'exit');
    },
  };
}

async function untilItAnswers(url: string): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const answered = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answered) return;
    await sleep(100);
  }
  throw new Error('moto does not answer');
}
