import { registerHooks } from 'node:module';

// Lets a worker of the suite run the sources as they stand: TypeScript's relative imports name the built `.js` file.
registerHooks({
  resolve(specifier, context, next) {
    try {
      return next(specifier, context);
    } catch (error) {
      if (!/^\..*\.js$/.test(specifier)) throw error;
      return next(specifier.replace(/\.js$/, '.ts'), context);
    }
  },
});
