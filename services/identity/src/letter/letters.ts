import { Injectable } from '@nestjs/common';

/** Tells the worker of this process that a letter has been put into the outbox. */
@Injectable()
export class Letters {
  private wake: () => void = () => undefined;

  waiting(): void {
    this.wake();
  }

  onWaiting(wake: () => void): void {
    this.wake = wake;
  }
}
