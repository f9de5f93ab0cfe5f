/** @promise P20 takes a moved clock in testing alone */
import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError, type HostConfig } from './config.js';

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

/** How often the offset's file is looked at, in milliseconds of a clock that nobody moves. */
const LOOK_EVERY_MS = 50;

/** The machine's clock, moved by what a file says, in milliseconds; it may change at any time. For fault tests. */
class MovedClock extends Clock {
  private offset = 0;
  private lookedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly file: string) {
    super();
  }

  override now(): Date {
    const tick = performance.now();
    if (tick - this.lookedAt >= LOOK_EVERY_MS) {
      this.lookedAt = tick;
      this.offset = Number(readFileSync(this.file, 'utf8').trim());
    }
    return new Date(Date.now() + this.offset);
  }
}

/** The clock that the configuration asks for. @throws ConfigError for a shifted clock outside the testing environment */
export function clockOf({
  VOUCHSAFE_CLOCK_OFFSET_FILE: file,
  VOUCHSAFE_ENVIRONMENT: environment,
}: Pick<HostConfig, 'VOUCHSAFE_CLOCK_OFFSET_FILE' | 'VOUCHSAFE_ENVIRONMENT'>): Clock {
  if (file === undefined) return new SystemClock();
  if (environment !== 'testing')
    throw new ConfigError(
      'Wrong configuration:\n  VOUCHSAFE_CLOCK_OFFSET_FILE: can be set in the testing environment only',
    );
  return new MovedClock(file);
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
