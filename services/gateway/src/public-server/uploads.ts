import { Transform, type TransformCallback, type Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, problem } from '@vouchsafe/service-host';
import { type Dispatcher, Agent } from 'undici';
import type { GatewayConfig } from '../gateway.config.js';

type Limits = Pick<
  GatewayConfig,
  | 'VOUCHSAFE_BODY_TIMEOUT_MS'
  | 'VOUCHSAFE_FILE_LIMIT'
  | 'VOUCHSAFE_UPLOADS_TOGETHER'
  | 'VOUCHSAFE_UPLOADS_PER_CALLER'
>;

/** Bytes a second that a sender must reach, on average over the time in which a body must arrive. */
const SLOWEST = 1024;

/**
 * Bodies that are passed on as they arrive (`x-body: stream`). Each holds a connection to a service for as long as its sender takes, so
 * they have connections of their own: whatever they do, all other requests find theirs free.
 */
@Injectable()
export class Uploads {
  private together = 0;
  private readonly byCaller = new Map<string, number>();

  constructor(@Inject(CONFIG) private readonly limits: Limits) {}

  /**
   * @param caller the organization, session or key that it counts for
   * @throws ProblemError `too-many-requests` where the caller has too many under way, `unavailable` where all callers have
   */
  begin(body: Readable, caller: string): Upload {
    const ofCaller = this.byCaller.get(caller) ?? 0;
    const later = { headers: { 'retry-after': '5' } };
    if (ofCaller >= this.limits.VOUCHSAFE_UPLOADS_PER_CALLER)
      throw problem('too-many-requests', {
        detail: `At most ${this.limits.VOUCHSAFE_UPLOADS_PER_CALLER} files can be sent at the same time`,
        ...later,
      });
    if (this.together >= this.limits.VOUCHSAFE_UPLOADS_TOGETHER) throw problem('unavailable', later);
    this.together += 1;
    this.byCaller.set(caller, ofCaller + 1);
    const upload = new Upload(body, this.limits);
    upload.once('close', () => this.end(caller));
    return upload;
  }

  private end(caller: string): void {
    this.together -= 1;
    const left = (this.byCaller.get(caller) ?? 0) - 1;
    if (left > 0) this.byCaller.set(caller, left);
    else this.byCaller.delete(caller);
  }
}

/**
 * A body on its way. It fails with the problem `content-too-large` or `request-timeout`, and where the client goes away. What it is read
 * from is left as it is where this ends early, for the answer goes out on its socket.
 */
export class Upload extends Transform {
  private bytes = 0;
  private bytesBefore = 0;
  private readonly clock: NodeJS.Timeout;

  constructor(
    body: Readable,
    private readonly limits: Pick<Limits, 'VOUCHSAFE_FILE_LIMIT' | 'VOUCHSAFE_BODY_TIMEOUT_MS'>,
  ) {
    super();
    this.clock = setInterval(() => this.assertPace(), limits.VOUCHSAFE_BODY_TIMEOUT_MS);
    body.pipe(this);
    const gone = () => this.destroy(problem('malformed-request', { detail: 'The body ended early' }));
    body.once('error', gone);
    body.once('close', () => {
      if (!body.readableEnded) gone();
    });
    this.once('close', () => {
      clearInterval(this.clock);
      body.unpipe(this);
    });
    // Who sends it on hears of it; before that, nobody may.
    this.on('error', () => undefined);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    if (this.bytes > this.limits.VOUCHSAFE_FILE_LIMIT) done(problem('content-too-large'));
    else done(null, chunk);
  }

  /** Where the service takes no more for the moment, the sender is not to blame. */
  private assertPace(): void {
    const least = (SLOWEST * this.limits.VOUCHSAFE_BODY_TIMEOUT_MS) / 1000;
    const isSlow = this.bytes - this.bytesBefore < least && !this.writableEnded && !this.writableNeedDrain;
    this.bytesBefore = this.bytes;
    if (isSlow) this.destroy(problem('request-timeout'));
  }
}

/** Connections to services: those of uploads apart from all others. */
export class Upstream extends Agent {
  private readonly uploads: Agent;

  constructor({ VOUCHSAFE_UPLOADS_TOGETHER }: Pick<Limits, 'VOUCHSAFE_UPLOADS_TOGETHER'>) {
    super({ connections: 256, pipelining: 1, keepAliveTimeout: 30_000 });
    this.uploads = new Agent({
      connections: VOUCHSAFE_UPLOADS_TOGETHER,
      pipelining: 1,
      keepAliveTimeout: 30_000,
    });
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return options.body instanceof Upload
      ? this.uploads.dispatch(options, handler)
      : super.dispatch(options, handler);
  }

  /** Both, once what is on its way has ended. */
  async stop(): Promise<void> {
    await Promise.all([this.close(), this.uploads.close()]);
  }
}
