import { beginsWithOwnName, ownNames } from '@vouchsafe/contracts';
import { actorTypes } from '@vouchsafe/service-host';
import type { NewEntry } from './entry.js';

const othersThanUsers = actorTypes.filter((type) => type !== 'user');

/** Which reserved name an asserted entry uses, which would make it look like an observed one; null where it uses none. */
export function reservedIn({ provenance, operation, actor }: NewEntry): ReservedName | null {
  if (provenance === 'observed') return null;
  if (beginsWithOwnName(operation)) return 'reserved-operation';
  return isOwnActorType(actor.type) ? 'reserved-actor-type' : null;
}

export type ReservedName = 'reserved-operation' | 'reserved-actor-type';

export const reservedReasons: Readonly<Record<ReservedName, string>> = {
  'reserved-operation': `must not begin with a reserved word (${ownNames.join(', ')}): only Vouchsafe’s own services record such operations`,
  'reserved-actor-type': `must not be a reserved kind (${othersThanUsers.join(', ')}): only Vouchsafe’s own services record what these do. \`user\` is allowed`,
};

/** `API_KEY`, `apikey` and `service/gateway` read like ours; `service-account` is a word of its own. */
function isOwnActorType(type: string): boolean {
  const [first = ''] = type.split(/[.:/]/, 1);
  return othersThanUsers.some((own) => [type, first].map(lettersOf).includes(lettersOf(own)));
}

function lettersOf(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, '');
}
