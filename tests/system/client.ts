import { randomUUID } from 'node:crypto';
import { Agent } from 'undici';
import { undocumented } from './documented.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  readonly text: string;
  /** The body as JSON; the reader says which shape it counts on. */
  json(): unknown;
}

export interface Sent {
  /** An object goes as JSON; text and bytes go as they are, and need their content type. */
  readonly body?: object | string | Uint8Array | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly query?: Readonly<Record<string, string>> | undefined;
}

const agent = new Agent({ connections: 64, pipelining: 1, headersTimeout: 60_000, bodyTimeout: 60_000 });

/** A program that speaks HTTP to the gateway: a browser with its cookie, a back end with its key, or anybody. */
export class Client {
  /** `name=value`, as the gateway set it last. */
  cookie: string | null = null;
  readonly url: string;
  readonly apiKey: string | null;
  /** Sent with every request. */
  private readonly always: Readonly<Record<string, string>>;

  constructor(url: string, apiKey: string | null = null, always: Readonly<Record<string, string>> = {}) {
    this.url = url;
    this.apiKey = apiKey;
    this.always = always;
  }

  /** @throws Error for an answer of the API that its OpenAPI document does not describe */
  async send(method: string, path: string, { body, headers, query }: Sent = {}): Promise<Answer> {
    const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
    const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
    const {
      statusCode,
      headers: answered,
      body: stream,
    } = await agent.request({
      origin: this.url,
      path: path + search,
      method,
      headers: {
        'user-agent': 'vouchsafe-tests/1',
        ...(raw ? {} : { 'content-type': 'application/json' }),
        ...this.credentials(),
        ...this.always,
        ...headers,
      },
      body: raw ? (body ?? null) : JSON.stringify(body),
    });
    const bytes = Buffer.from(await stream.arrayBuffer());
    this.keepCookie(answered['set-cookie']);
    const text = bytes.toString();
    const fault = undocumented({ method, path, status: statusCode, headers: answered, text });
    if (fault !== undefined) throw new Error(fault);
    return {
      status: statusCode,
      headers: answered,
      bytes,
      text,
      json: () => JSON.parse(text) as unknown,
    };
  }

  /** As `send`, for steps that a test only needs in order to get somewhere. @throws Error when another status comes */
  async must(status: number, method: string, path: string, sent?: Sent): Promise<unknown> {
    const answer = await this.send(method, path, sent);
    if (answer.status !== status)
      throw new Error(`${method} ${path}: ${answer.status} instead of ${status}: ${answer.text}`);
    return answer.bytes.length === 0 ? undefined : answer.json();
  }

  private credentials(): Record<string, string> {
    if (this.apiKey !== null) return { authorization: `Bearer ${this.apiKey}` };
    // `sec-fetch-site` is what a browser says by itself of a page's own requests.
    return this.cookie === null ? {} : { cookie: this.cookie, 'sec-fetch-site': 'same-origin' };
  }

  private keepCookie(set: string | string[] | undefined): void {
    for (const line of [set ?? []].flat()) {
      const [pair = ''] = line.split(';');
      this.cookie = pair.endsWith('=') || /max-age=0\b/i.test(line) ? null : pair;
    }
  }
}

/** A header for a creating request that nobody has sent before. */
export function freshKey(): Record<string, string> {
  return { 'idempotency-key': randomUUID() };
}
