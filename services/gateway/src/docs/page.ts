import { type ProblemCode, problems } from '@vouchsafe/service-host';
import { anchorOf, commonProblems, type ListedOperation, operationsOf } from './reading-document.js';

/** The page. Without scripts it has the operations as a list, and every error. */
export function pageOf(document: object): string {
  const operations = operationsOf(document);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Vouchsafe API</title>
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="stylesheet" href="/docs/page.css">
</head>
<body>
<nav><a href="/openapi.json">OpenAPI document</a> <a href="#errors">Errors</a></nav>
<main>
<div id="api"></div>
<noscript>
${listOf(operations)}
</noscript>
${errorsOf(operations)}
</main>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;
}

function listOf(operations: readonly ListedOperation[]): string {
  const common = commonProblems(operations);
  const items = operations.map(({ method, path, summary, problems: codes }) => {
    const own = codes.filter((code) => !common.has(code));
    const links = own.map((code) => `<a href="#${anchorOf(code)}">${code}</a>`).join(', ');
    return `<li><code>${method.toUpperCase()} ${escaped(path)}</code> ${escaped(summary)}. ${links && `Errors: ${links}`}</li>`;
  });
  return `<h1>Vouchsafe API</h1>
<p>Enable JavaScript to see parameters, bodies and answers here; the OpenAPI document has them all.</p>
<ul>
${items.join('\n')}
</ul>`;
}

function errorsOf(operations: readonly ListedOperation[]): string {
  const common = commonProblems(operations);
  const named = new Set(operations.flatMap(({ problems: codes }) => codes));
  const own = (Object.keys(problems) as ProblemCode[]).filter((code) => named.has(code) && !common.has(code));
  return `<section id="errors">
<h2>Errors</h2>
<p>An error is a problem document (RFC 9457, <code>application/problem+json</code>) with <code>type</code>, <code>title</code>,
<code>status</code>, <code>code</code> and <code>requestId</code>. Where it helps, it also has <code>detail</code>, a sentence that says why;
<code>reason</code>, a name for why an operation was rejected; and <code>errors</code>, what does not fit, each with a JSON pointer. Programs decide by
<code>code</code> and <code>reason</code>; sentences and titles may be reworded.</p>
<h3 id="errors-of-every-operation">For every operation</h3>
${tableOf([...common])}
<h3>For the operations that name them</h3>
${tableOf(own)}
<h3>Where there is no operation</h3>
<p>A path that does not exist is answered with <code>not-found</code>, and a method that the path does not support with:</p>
${tableOf(['method-not-allowed'])}
</section>`;
}

function tableOf(codes: readonly ProblemCode[]): string {
  const rows = codes.map(
    (code) =>
      `<tr id="${anchorOf(code)}"><td>${problems[code].status}</td><td><code>${code}</code></td><td>${escaped(problems[code].title)}</td></tr>`,
  );
  return `<table>
<thead><tr><th>Status</th><th>Code</th><th>Meaning</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/** Swagger UI has dark colors, but shows them only where the page has the class `dark-mode`. */
export const startScript = `const dark = matchMedia('(prefers-color-scheme: dark)');
const paint = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', paint);
paint();
// Swagger UI takes every fragment for that of an operation, and changes it to \`#/...\`.
const shown = document.getElementById(location.hash.replace(/^#\\/?/, ''));
SwaggerUIBundle({
  url: '/docs/document.json',
  dom_id: '#api',
  deepLinking: true,
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
});
// The operations are drawn later, above the error that the address points to, and push it down: keep it in view until the reader moves.
if (shown) {
  const keepInView = new ResizeObserver(() => location.replace('#' + shown.id));
  keepInView.observe(document.getElementById('api'));
  for (const moved of ['wheel', 'pointerdown', 'keydown'])
    addEventListener(moved, () => keepInView.disconnect(), { once: true });
}
// Swagger UI opens every link of a description in a new tab; these lead within the page.
addEventListener('click', ({ target }) => target.closest?.('a[href^="#error"]')?.removeAttribute('target'), true);
`;

/** Added to Swagger UI's: its colors of methods are too pale for white letters (WCAG 2.2, 1.4.3), and its tables too wide for a phone. */
export const style = `:root { --text: #3b4151; --page: #fff; --line: #d8dde7; --link: #1a5fb4; --marked: #fff3c4; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e6e6; --page: #1c2022; --line: #444c52; --link: #8ab8f0; --marked: #4a4020; }
}
body { margin: 0; background: var(--page); color: var(--text); font: 14px/1.5 sans-serif; }
nav, #errors, noscript { display: block; box-sizing: border-box; max-width: 1460px; margin: 0 auto; padding: 12px 20px; }
nav a { margin-right: 16px; }
nav a, #errors a, noscript a, .swagger-ui a[href^='#error'] { color: var(--link); text-decoration: underline; }
#errors h2 { font-size: 24px; border-top: 1px solid var(--line); padding-top: 16px; }
#errors table { border-collapse: collapse; }
#errors th, #errors td { text-align: left; vertical-align: top; padding: 6px 16px 6px 0; border-bottom: 1px solid var(--line); }
#errors td, noscript li { overflow-wrap: anywhere; }
#errors td code { white-space: nowrap; }
#errors tr:target { background: var(--marked); }
noscript li { margin: 0 0 12px; }
.swagger-ui .info { margin: 16px 0; }
.swagger-ui .info hgroup + a, .swagger-ui .info .link, .swagger-ui .response-col_links { display: none; }
.swagger-ui .scheme-container { padding: 12px 0; }
html:not(.dark-mode) .swagger-ui .opblock .opblock-summary-method { text-shadow: none; color: #fff; }
html:not(.dark-mode) .swagger-ui .opblock.opblock-get .opblock-summary-method { background: #1a5fb4; }
html:not(.dark-mode) .swagger-ui .opblock.opblock-post .opblock-summary-method { background: #1c7a4c; }
html:not(.dark-mode) .swagger-ui .opblock.opblock-put .opblock-summary-method { background: #96580a; }
html:not(.dark-mode) .swagger-ui .opblock.opblock-patch .opblock-summary-method { background: #0f7269; }
html:not(.dark-mode) .swagger-ui .opblock.opblock-delete .opblock-summary-method { background: #b3261e; }
.swagger-ui .btn.authorize { color: var(--text); border-color: var(--text); }
.swagger-ui .btn.authorize svg { fill: currentcolor; }
html:not(.dark-mode) .swagger-ui .info .title small.version-stamp { background: #3d6b00; }
@media (max-width: 640px) {
  nav, #errors, noscript { padding: 12px 8px; }
  .swagger-ui .wrapper, .swagger-ui .opblock-body .opblock-section-header { padding-left: 8px; padding-right: 8px; }
  .swagger-ui .opblock-description-wrapper, .swagger-ui .responses-inner, .swagger-ui .table-container { padding: 8px; }
  .swagger-ui .response-col_status, .swagger-ui .parameters-col_name { min-width: 0; padding-right: 8px; }
  .swagger-ui .opblock-body { overflow-x: auto; }
  .swagger-ui .opblock .opblock-summary-method { min-width: 60px; font-size: 11px; padding: 6px 0; }
  #errors td code { white-space: normal; }
}
/* Backgrounds are not printed: letters made for a dark one would be too pale. */
@media print {
  :root { --text: #000; --page: #fff; --line: #999; --link: #000; }
  .swagger-ui, html .swagger-ui * { color: #000 !important; }
  nav, .swagger-ui .scheme-container, .swagger-ui .try-out, .swagger-ui .authorization__btn, .swagger-ui .opblock-control-arrow,
  .swagger-ui .expand-operation, .swagger-ui .models { display: none; }
  .swagger-ui .opblock, #errors tr { break-inside: avoid; }
  .swagger-ui .opblock.is-open { break-inside: auto; }
}
`;
