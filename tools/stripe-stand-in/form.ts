/** A form's values, nested by brackets as the SDKs write them: `items[0][price]=x` is `{ items: [{ price: 'x' }] }`. */
export type FormValue = string | FormValue[] | { [name: string]: FormValue };
export type Form = Readonly<Record<string, FormValue>>;

type Branch = Map<string, string | Branch>;

export function readForm(text: string): Form {
  const root: Branch = new Map();
  for (const [name, value] of new URLSearchParams(text)) put(root, stepsOf(name), value);
  return Object.fromEntries([...root].map(([name, value]) => [name, valueOf(value)]));
}

function stepsOf(name: string): string[] {
  const [first = '', ...rest] = name.split('[');
  return [first, ...rest.map((step) => step.replace(/\]$/, ''))];
}

function put(root: Branch, steps: readonly string[], value: string): void {
  let branch = root;
  for (const step of steps.slice(0, -1)) {
    // `expand[]=a&expand[]=b`
    const name = step === '' ? String(branch.size) : step;
    const next = branch.get(name);
    const child: Branch = typeof next === 'object' ? next : new Map<string, string | Branch>();
    branch.set(name, child);
    branch = child;
  }
  const last = steps.at(-1) ?? '';
  branch.set(last === '' ? String(branch.size) : last, value);
}

function valueOf(value: string | Branch): FormValue {
  if (typeof value === 'string') return value;
  const isList = value.size > 0 && [...value.keys()].every((name) => /^\d+$/.test(name));
  if (isList) return [...value.values()].map(valueOf);
  return Object.fromEntries([...value].map(([name, one]) => [name, valueOf(one)]));
}
