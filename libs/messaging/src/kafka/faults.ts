/** Whether Kafka answered with this error code, through what kafkajs wraps around it. */
export function isFault(error: unknown, code: string): boolean {
  for (
    let cause = error;
    typeof cause === 'object' && cause !== null;
    cause = (cause as { cause?: unknown }).cause
  ) {
    if ((cause as { type?: unknown }).type === code) return true;
  }
  return false;
}
