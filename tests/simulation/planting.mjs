/**
 * Loaded before a service's program: reads some of its files otherwise than they are written. The services have nothing in them by which
 * they could be made wrong.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

/** @type {{ file: string, source: string }[]} */
const planted = JSON.parse(readFileSync(process.env.VOUCHSAFE_PLANTED ?? '', 'utf8'));

registerHooks({
  load(url, context, next) {
    // A service runs as one file; what is changed are the modules that it is made of.
    if (url.endsWith('/dist/bundle/main.js'))
      return { format: 'module', source: "import '../main.js';", shortCircuit: true };
    const found = url.startsWith('file:') && planted.find(({ file }) => fileURLToPath(url) === file);
    return found ? { format: 'module', source: found.source, shortCircuit: true } : next(url, context);
  },
});
