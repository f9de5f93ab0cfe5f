import { Injectable, type OnApplicationShutdown } from '@nestjs/common';

/** Something that runs beside the requests: a relay, a consumer, a worker. */
export interface Stoppable {
  stop(): Promise<unknown>;
}

/**
 * What runs in the background of a service, stopped when the last request has ended and in reverse order: what was
 * started last needs what was started first.
 */
@Injectable()
export class Background implements OnApplicationShutdown {
  private readonly running: Stoppable[] = [];

  add<Started extends Stoppable>(started: Started): Started {
    this.running.push(started);
    return started;
  }

  async onApplicationShutdown(): Promise<void> {
    for (const started of this.running.splice(0).reverse()) await started.stop();
  }
}
