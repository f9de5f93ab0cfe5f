const REDACTED = '[redacted]';

/**
 * A credential on its way through the code (P22): every way of printing it gives `[redacted]`, so a log line, an error or
 * a JSON body cannot carry it by accident. Only `reveal()` gives the text.
 * @promise P22 (main) a credential on its way through the code prints as [redacted]
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  /** Node's `util.inspect`, and with it `console` and assertion messages. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED;
  }
}

export function secret(text: string): Secret {
  return new Secret(text);
}
