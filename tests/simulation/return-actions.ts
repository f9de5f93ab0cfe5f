import { freshKey } from '../system/client.ts';
import { type Action, answered, ownerOf } from './action.ts';

const path = '/v1/lifecycle/returns';
const nothingYet = { readyAt: null, deletedAt: null } as const;

/** Organizations have their data returned (P30). */
export const returnActions = {
  'ask-for-return': async ({ system, time }, organization) => {
    const browser = await ownerOf(system, organization);
    const termination = await browser.must(200, 'GET', '/v1/lifecycle/termination');
    const { plan } = termination as { plan?: { returnUntil: string } };
    const saidUntil = plan ? new Date(plan.returnUntil) : null;
    const askedAt = time.now();
    const answer = await browser.send('POST', path, { body: {}, headers: freshKey() });
    const { returnId = null, reason = null } = answer.json() as { returnId?: string; reason?: string };
    organization.returns.push({
      ...{ askedAt, isByOperator: false, saidUntil, returnId, reason, partIds: new Set(), ...nothingYet },
    });
    return answered(answer, 201);
  },
  /** At its discretion, later than the owners could. */
  'ask-for-return-as-operator': async ({ asOperator, time }, { organizationId, returns }) => {
    const askedAt = time.now();
    const made = (await asOperator('POST', path, { organizationId })) as { returnId: string } | null;
    if (!made) return false;
    const { returnId } = made;
    returns.push({
      ...{ askedAt, isByOperator: true, saidUntil: null, returnId, reason: null, partIds: new Set() },
      ...nothingYet,
    });
    return true;
  },
  /** While a hold is in force, this is refused. */
  'delete-return': async ({ system, time }, organization) => {
    const kept = organization.returns.find(
      ({ returnId, deletedAt }) => returnId !== null && deletedAt === null,
    );
    if (!kept) return false;
    const browser = await ownerOf(system, organization);
    if (!answered(await browser.send('DELETE', `${path}/${kept.returnId}`), 204)) return false;
    kept.deletedAt = time.now();
    return true;
  },
} as const satisfies Readonly<Record<string, Action>>;
