import { Agent, request } from 'undici';
import { apiKey } from './gateway-suite.js';

export interface Answer {
  readonly requestId: string;
  readonly status: number;
  readonly code: string | null;
}

export interface Load {
  /** Every answer that arrived whole. */
  readonly answers: readonly Answer[];
  /** Stops after the requests in flight. */
  stop(): Promise<void>;
}

/** Clients that each send one request after the other, half of them changes; a broken connection is no answer. */
export function startLoad(urls: readonly string[], clients: number): Load {
  const agent = new Agent({ connections: clients, headersTimeout: 20_000 });
  const answers: Answer[] = [];
  let stopping = false;
  const isStopping = (): boolean => stopping;
  const client = async (number: number): Promise<void> => {
    for (let turn = 0; !isStopping(); turn += 1) {
      const url = urls[(number + turn) % urls.length] ?? '';
      try {
        answers.push(await send(agent, url, turn % 2 === 0, `${number}-${turn}`));
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const running = Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  return {
    answers,
    stop: async () => {
      stopping = true;
      await running;
      await agent.close();
    },
  };
}

async function send(agent: Agent, url: string, change: boolean, id: string): Promise<Answer> {
  const authorization = `Bearer ${apiKey}`;
  const response = await request(`${url}/v1/things${change ? '' : `/${id}`}`, {
    dispatcher: agent,
    method: change ? 'POST' : 'GET',
    headers: { authorization, ...(change ? { 'content-type': 'application/json' } : {}) },
    ...(change ? { body: JSON.stringify({ id }) } : {}),
  });
  const body = (await response.body.json()) as { code?: string };
  return {
    requestId: String(response.headers['x-request-id']),
    status: response.statusCode,
    code: body.code ?? null,
  };
}
