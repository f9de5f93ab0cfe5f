/**
 * Names in stored events and logged entries that differ from today's words. They stay: logs that hold them are never rewritten
 * (ADR 0040).
 */
export const storedNames = {
  deadLetterSettled: 'parked-message-settled',
} as const;
