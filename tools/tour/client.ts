import { type Narrator, StepFailed } from './narrator.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  /** The body as JSON, the caller names the shape that it counts on. */
  readonly json: () => unknown;
}

export interface Sent {
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Status that the story needs; anything else ends it. */
  readonly expect: number | readonly number[];
  /** Not told: the tour asks again and again until something has arrived. */
  readonly quiet?: boolean;
}

/** A program that speaks HTTP to the gateway, as a browser with its cookie or a back end with its key. */
export class Client {
  private readonly url: string;
  private readonly narrator: Narrator;
  private readonly apiKey: string | undefined;
  private cookie: string | undefined;

  constructor(url: string, narrator: Narrator, apiKey?: string) {
    this.url = url;
    this.narrator = narrator;
    this.apiKey = apiKey;
  }

  get(path: string, sent: Sent): Promise<Answer> {
    return this.send('GET', path, sent);
  }

  post(path: string, sent: Sent): Promise<Answer> {
    return this.send('POST', path, sent);
  }

  patch(path: string, sent: Sent): Promise<Answer> {
    return this.send('PATCH', path, sent);
  }

  delete(path: string, sent: Sent): Promise<Answer> {
    return this.send('DELETE', path, sent);
  }

  private async send(method: string, path: string, { body, headers, expect, quiet }: Sent): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(this.apiKey && { authorization: `Bearer ${this.apiKey}` }),
        // What a browser says by itself of a page's own requests; without it a cookie may change nothing.
        ...(this.cookie && { cookie: this.cookie, origin: this.url, 'sec-fetch-site': 'same-origin' }),
        'user-agent': 'vouchsafe-tour/1',
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      const cause = causeOf(error);
      throw new StepFailed(
        cause === 'ECONNREFUSED'
          ? `There is no answer at ${this.url}. Is \`npm start\` running, and on this port?`
          : `${method} ${path} got no answer (${cause}).`,
      );
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    this.keepCookie(response.headers);
    if (!quiet)
      this.narrator.tell(
        `${method} ${path.length > 110 ? `${path.slice(0, 107)}...` : path} -> ${response.status}`,
      );
    if (![expect].flat().includes(response.status)) {
      throw new StepFailed(
        `${method} ${path} answered ${response.status}; the tour expects ${[expect].flat().join(' or ')}: ${bytes.toString().slice(0, 500)}`,
      );
    }
    return {
      status: response.status,
      headers: response.headers,
      bytes,
      json: () => JSON.parse(bytes.toString()) as unknown,
    };
  }

  /** One cookie is all that the gateway sets. */
  private keepCookie(headers: Headers): void {
    for (const set of headers.getSetCookie()) {
      const [pair = ''] = set.split(';');
      this.cookie = pair.endsWith('=') || /max-age=0\b/i.test(set) ? undefined : pair;
    }
  }
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(error);
}
