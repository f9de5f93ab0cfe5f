import type { Form, FormValue } from './form.ts';
import type { World } from './world.ts';

export type Page =
  { readonly status: number; readonly html: string } | { readonly status: 303; readonly location: string };

export interface PageCall {
  readonly world: World;
  readonly form: Form;
  readonly path: (name: string) => string;
}

export type PageRoutes = Readonly<Record<string, (call: PageCall) => Page>>;

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:2rem auto;padding:0 1rem}
.notice{background:#fff3c4;border:1px solid #d9a400;padding:.5rem 1rem}
label{display:block;margin:.75rem 0}input{display:block;width:100%;font:inherit;padding:.4rem;box-sizing:border-box}
button{font:inherit;padding:.5rem 1rem;margin:.5rem .5rem 0 0}
.error{color:#a40000}table{width:100%;border-collapse:collapse}td{border-top:1px solid #ccc;padding:.25rem 0}`;

/** A page of the stand-in; every one says that it is none of Stripe's. @param body HTML, whose texts are escaped */
export function pageOfHtml(title: string, body: string, status = 200): Page {
  return {
    status,
    html: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)} (stand-in for Stripe)</title><style>${style}</style></head>
<body><p class="notice" role="note">This is a stand-in for Stripe on your machine. It moves no money. Never enter a real card.</p>
<h1>${escaped(title)}</h1>
${body}
</body></html>`,
  };
}

export function redirect(location: string): Page {
  return { status: 303, location };
}

/** A field that holds text. */
export function textOf(value: FormValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

export function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': 'amp',
    '<': 'lt',
    '>': 'gt',
    '"': 'quot',
    "'": '#39',
  };
  return text.replace(/[&<>"']/g, (sign) => `&${names[sign]};`);
}
