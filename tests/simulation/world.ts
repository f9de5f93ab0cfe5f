import { randomUUID } from 'node:crypto';
import { anonymous, INTERNAL_TOKEN_HEADER, InternalTokens, readPrivateKey } from '@vouchsafe/service-host';
import type { SystemUnderTest } from '../system/running-system.ts';
import type { Stores } from './seen.ts';
import type { Story } from './story.ts';
import type { Time } from './time.ts';

export interface World {
  readonly system: SystemUnderTest;
  readonly time: Time;
  readonly stores: Stores;
  readonly story: Story;
  /** Asks lifecycle as a member of the operator's organization; null for what is not there. */
  readonly asOperator: (method: string, path: string, body: object) => Promise<unknown>;
}

/**
 * The operator's people are played by a token as the gateway signs it for them: how they log in, with two factors within minutes, is
 * nothing that time brings.
 */
export async function operatorOf(system: SystemUnderTest, time: Time): Promise<World['asOperator']> {
  const { secrets } = system;
  const tokens = new InternalTokens('gateway', await readPrivateKey(secrets.privateKeyFile('gateway')), () =>
    time.now(),
  );
  const userId = randomUUID();
  return async (method, path, body) => {
    const token = await tokens.sign('lifecycle', {
      ...anonymous,
      ...{ organizationId: secrets.operatorOrganizationId, actor: { type: 'user', id: userId } },
      ...{ roles: ['owner'], permissions: ['holds:write', 'holds:read', 'returns:write'] },
      authenticationLevel: 'two-factor',
      ...{ authenticatedAt: time.now().toISOString(), sessionId: randomUUID(), requestId: randomUUID() },
      ...{ sourceIp: null, userAgent: null },
    });
    const answer = await fetch(system.service('lifecycle').url + path, {
      method,
      headers: { [INTERNAL_TOKEN_HEADER]: token, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    // There is nothing any more that could be held.
    if (answer.status === 404) return null;
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
}
