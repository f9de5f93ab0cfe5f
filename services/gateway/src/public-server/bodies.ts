import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type HostConfig, problem } from '@vouchsafe/service-host';
import type { GatewayConfig } from '../gateway.config.js';

type Limits = Pick<GatewayConfig & HostConfig, 'VOUCHSAFE_BODY_LIMIT' | 'VOUCHSAFE_BODY_TIMEOUT_MS'>;

/** Limits of bytes that are being received, in multiples of VOUCHSAFE_BODY_LIMIT: of all callers, and of one address. */
const [TOGETHER, OF_ONE_ADDRESS] = [64, 8];

/**
 * Reads bodies whole before a service is asked for anything: whoever sends slowly holds a connection to the gateway, for a few seconds,
 * and none of the connections to a service, which others wait for.
 */
@Injectable()
export class Bodies {
  private together = 0;
  private readonly byAddress = new Map<string, number>();

  constructor(@Inject(CONFIG) private readonly limits: Limits) {}

  /**
   * @param address the group of addresses that the bytes count for
   * @throws ProblemError `content-too-large`, `request-timeout`, or `unavailable` where too many bodies are being received
   */
  async read(body: Readable, address: string): Promise<Readable> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      await this.readEach(body, (chunk) => {
        bytes += chunk.length;
        this.take(address, chunk.length);
        if (bytes > this.limits.VOUCHSAFE_BODY_LIMIT) throw problem('content-too-large');
        chunks.push(chunk);
      });
    } finally {
      this.giveBack(address, bytes);
    }
    return Readable.from(chunks);
  }

  /** The stream is left as it is where this ends early, for the answer goes out on its socket. */
  private readEach(body: Readable, take: (chunk: Buffer) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => end(problem('request-timeout')), this.limits.VOUCHSAFE_BODY_TIMEOUT_MS);
      const takeOne = (chunk: Buffer) => {
        try {
          take(chunk);
        } catch (error) {
          end(error as Error);
        }
      };
      const end = (error?: Error) => {
        clearTimeout(late);
        body.off('data', takeOne).pause();
        if (error) reject(error);
        else resolve();
      };
      body.on('data', takeOne);
      body.once('end', () => end());
      body.once('error', end);
      body.once('close', () => end(new Error('The client closed the connection')));
    });
  }

  private take(address: string, bytes: number): void {
    this.together += bytes;
    const ofAddress = (this.byAddress.get(address) ?? 0) + bytes;
    this.byAddress.set(address, ofAddress);
    const most = this.limits.VOUCHSAFE_BODY_LIMIT;
    if (this.together > TOGETHER * most || ofAddress > OF_ONE_ADDRESS * most)
      throw problem('unavailable', {
        detail:
          'The server is receiving too many bodies at the moment, or too many from your address; nothing was executed',
        headers: { 'retry-after': '1' },
      });
  }

  private giveBack(address: string, bytes: number): void {
    this.together -= bytes;
    const left = (this.byAddress.get(address) ?? 0) - bytes;
    if (left > 0) this.byAddress.set(address, left);
    else this.byAddress.delete(address);
  }
}
