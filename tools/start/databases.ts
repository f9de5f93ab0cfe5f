import { type ServiceName, serviceNames } from '@vouchsafe/contracts';

/** One for each service, and the embedded bus's own. */
export const databases: readonly (ServiceName | 'bus')[] = [...serviceNames, 'bus'];
