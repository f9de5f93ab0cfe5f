import { isErased } from '@vouchsafe/event-sourcing';
import type { AnswerSealer } from '@vouchsafe/service-host';
import type { Vault } from '@vouchsafe/vault';

/** Answers are sealed by the organization's monthly key, which nobody erases beneath a request. */
export function sealerOf(vault: Vault): AnswerSealer {
  return {
    seal: async (sql, scope, context, plaintext) => {
      const sealed = await vault.seal(sql, scope, context, plaintext);
      if (isErased(sealed)) throw new Error('A monthly key was erased beneath a request');
      return sealed;
    },
    open: (sql, scope, context, sealed) => vault.open(sql, scope, context, sealed),
  };
}
