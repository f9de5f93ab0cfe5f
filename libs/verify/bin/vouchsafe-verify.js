#!/usr/bin/env node
// Not in dist/: npm links a program only where its file is there when packages are installed, before the first build.
import '../dist/cli.js';
