import { aggregate, inlineProjection } from '@vouchsafe/event-store';
import { unusedAccount } from './unused-account.decider.js';
import { type UnusedAccountEvent, unusedAccountEvents } from './unused-account.events.js';

/** What the account's row says of warnings; of a use that came in between nothing. */
const unusedAccountProjection = inlineProjection<UnusedAccountEvent>({
  name: 'unused-account',
  on: {
    'unused-account-warned': async (sql, { data: { userId, warning, lastUsedOn, anonymizedFrom } }) => {
      await sql.query(
        'update account set unused_warnings = $3, anonymized_from = $4 where user_id = $1 and last_used_on = $2',
        [userId, lastUsedOn, warning === 'first' ? 1 : 2, anonymizedFrom],
      );
    },
  },
});

export const unusedAccountAggregate = aggregate({
  category: 'unused-account',
  catalog: unusedAccountEvents,
  decider: unusedAccount,
  inline: [unusedAccountProjection],
});
