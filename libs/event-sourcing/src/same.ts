/** Fails with both values printed when they are not the same JSON. */
export function deepStrictEqual(actual: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(sorted(actual), null, 2), JSON.stringify(sorted(expected), null, 2)];
  if (left !== right) throw new Error(`Expected ${right}\nbut got ${left}`);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
