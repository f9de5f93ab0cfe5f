import { fork } from 'node:child_process';
import { BundleTooLargeError } from '@vouchsafe/forensic-bundle';
import type { BundleMaking } from './make-bundle.js';
import { type ClaimedExport, LostLeaseError, type MakeBundle } from './lease.js';

/** All that the exporter needs to know; it goes to it as a message, so that no other process can read its passwords. */
export interface ExporterSettings extends Pick<
  BundleMaking,
  'folder' | 'operatorOrganizationId' | 'manifestName'
> {
  readonly databaseUrl: string;
  readonly passwords: { readonly request: string; readonly worker: string };
  readonly kekFile: string;
  readonly environment: string;
  readonly keyCacheMs: number;
}

export interface ExporterOrder {
  readonly job: ClaimedExport;
  readonly settings: ExporterSettings;
}

export type ExporterAnswer =
  { readonly status: 'made' | 'lost' } | { readonly status: 'too-large' | 'failed'; readonly why: string };

/**
 * The heap is small, so that an export's memory is bounded, whatever its size (docs/audit.md, 'Forensic export'). A page of entries is garbage before it fills
 * the young generation, so that little of it is promoted; twice that size gains nothing more, and takes 20 MB.
 */
const SMALL_HEAP = ['--max-old-space-size=96', '--max-semi-space-size=8'];
const program = new URL('./export-process.js', import.meta.url);

/** Makes each bundle in a process of its own, which has nothing of the service in it but the log, the vault and the writer. */
export function inExporterProcess(settings: ExporterSettings): MakeBundle {
  return (job, signal) =>
    new Promise((resolve, reject) => {
      const child = fork(program, {
        execArgv: SMALL_HEAP,
        env: {},
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      const stop = () => child.kill();
      let answer: ExporterAnswer | undefined;
      signal.addEventListener('abort', stop, { once: true });
      child.once('message', (message: ExporterAnswer) => (answer = message));
      child.on('error', reject);
      child.once('exit', (code, killedBy) => {
        signal.removeEventListener('abort', stop);
        if (answer?.status === 'made') resolve();
        else if (signal.aborted || answer?.status === 'lost') reject(new LostLeaseError());
        else if (answer?.status === 'too-large') reject(new BundleTooLargeError(answer.why));
        else
          reject(
            new Error(answer?.status === 'failed' ? answer.why : `The exporter ended: ${killedBy ?? code}`),
          );
      });
      child.send({ job, settings } satisfies ExporterOrder);
      if (signal.aborted) stop();
    });
}
