/** Names in stored events and recorded entries that differ from today's terms. They never change: logs are not rewritten (ADR 0040). */
export const storedNames = {
  deadLetterSettled: 'parked-message-settled',
} as const;
