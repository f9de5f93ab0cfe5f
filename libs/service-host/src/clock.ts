import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';

/** Time as a dependency: inject it, never call `Date.now()` in a service; tests move it over years. */
export abstract class Clock {
  abstract now(): Date;
}

@Injectable()
export class SystemClock extends Clock {
  override now(): Date {
    return new Date();
  }
}

/** Ids as a dependency: random (UUID version 4), so that they carry no meaning. */
export abstract class Ids {
  abstract newId(): string;
}

@Injectable()
export class RandomIds extends Ids {
  override newId(): string {
    return randomUUID();
  }
}
