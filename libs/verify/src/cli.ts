import { run } from './run.js';

const { code, out } = await run(process.argv.slice(2));
process.stdout.write(out);
process.exitCode = code;
