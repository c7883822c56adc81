import tseslint from 'typescript-eslint';

/** The scripts are plain JavaScript, so that they run before anything is built: no rules that need types. */
export default tseslint.config({
  files: ['**/*.mjs'],
  extends: [tseslint.configs.strict],
  languageOptions: { parserOptions: { tsconfigRootDir: import.meta.dirname } },
});
