import type { JsonObject } from '@vouchsafe/contracts';
import type { OperationDeclaration } from '../operation.js';
import { keyPermissions } from '../permissions.js';

export function securitySchemes(): JsonObject {
  return {
    session: {
      type: 'apiKey',
      in: 'cookie',
      name: '__Host-vouchsafe-session',
      description: 'Set by POST /v1/sessions',
    },
    apiKey: { type: 'http', scheme: 'bearer', description: 'A key made by POST /v1/api-keys' },
    internalToken: { type: 'apiKey', in: 'header', name: 'vouchsafe-internal-token' },
  };
}

/** Any one of them will do; an empty one says that the operation can be called without. */
export function securityOf({ permission, problems = [], keys = false }: OperationDeclaration): JsonObject[] {
  const [session, apiKey] = [{ session: [] }, { apiKey: [] }];
  if (permission === 'service') return [{ internalToken: [] }];
  // Public, but for some of what it gives: a reader's path needs nobody, a log's id needs who may read it.
  if (permission === 'public') return problems.includes('unauthenticated') ? [{}, session, apiKey] : [];
  const open = keys || (keyPermissions as readonly string[]).includes(permission);
  return open ? [session, apiKey] : [session];
}
