import { randomUUID } from 'node:crypto';
import type { DataOf, gatewayFacts } from '@vouchsafe/contracts';
import type { OrganizationId } from '@vouchsafe/event-sourcing';

const instanceId = randomUUID();

/** The n-th request of an access log, as the gateway publishes it. */
export function requestOf(
  organizationId: OrganizationId,
  userId: string,
  n: number,
  at = new Date(),
): DataOf<typeof gatewayFacts.requestHandled> {
  const memberId = randomUUID();
  return {
    ...{
      requestId: randomUUID(),
      instanceId,
      sequence: n + 1,
      organizationId,
      userId,
      sessionId: randomUUID(),
    },
    actor: { type: 'user', id: userId },
    staffGrantId: null,
    method: 'GET',
    url: `/v1/members/${memberId}`,
    route: '/v1/members/{id}',
    operation: ['member.read', 'member.list', 'session.create', 'member.update'][n % 4] ?? '',
    entity: { type: n % 4 === 2 ? 'session' : 'member', id: memberId },
    outcome: n % 20 === 3 ? 'denied' : 'success',
    status: 200,
    part: 'whole',
    bytes: null,
    sourceIp: `203.0.113.${n % 250}`,
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    receivedAt: at.toISOString(),
    occurredAt: at.toISOString(),
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  };
}
