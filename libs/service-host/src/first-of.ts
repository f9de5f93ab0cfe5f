/** The first `most` UTF-16 code units of a text; one fewer where the last would be half of a surrogate pair. */
export function firstOf(text: string, most: number): string {
  if (text.length <= most) return text;
  const start = text.slice(0, most);
  return /[\ud800-\udbff]$/.test(start) ? start.slice(0, -1) : start;
}
