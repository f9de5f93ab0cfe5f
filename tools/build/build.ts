import path from 'node:path';
import { runCommand } from '../../libs/service-host/src/command-line.ts';
import { build } from './workspace.ts';

const usage = `Usage: npm run build

Builds every package that changed, and makes each service one file.`;

await runCommand({ usage, options: {} }, () => build(path.resolve(import.meta.dirname, '../..')));
