/**
 * A file for the disk, never for the page (RFC 6266): with its name as UTF-8 (RFC 8187), and for programs that do not know that, in ASCII.
 * The ASCII name keeps letters, digits and a few marks, so it can neither end the text in quotes nor the header.
 */
export function contentDisposition(name: string): string {
  const ascii = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^A-Za-z0-9 ._()-]/g, '_');
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
