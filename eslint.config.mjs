import tseslint from 'typescript-eslint';

const pureRooms = ['random', 'space', 'evolution', 'explain', 'gradient', 'metrics', 'protocol', 'search'];

export default tseslint.config(
  {
    ignores: [
      'dist/',
      '.types/',
      'node_modules/',
      'runs/',
      'proto/generated/',
      'dist-bench/',
      'dist-sim/',
      'dist-fuzz/',
      'dist-api/',
    ],
  },
  ...tseslint.configs.strictTypeChecked.map((entry) => ({
    ...entry,
    files: ['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'],
  })),
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // Indexed access is checked (noUncheckedIndexedAccess); in numeric loops the bound is the proof.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'max-lines': ['error', { max: 425, skipBlankLines: false, skipComments: false }],
    },
  },
  {
    // One idea a file; named parameters where five and more would stand in a row.
    files: ['src/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: false, skipComments: false }],
      'max-params': ['error', 4],
      'max-len': ['error', { code: 120, ignoreUrls: true }],
    },
  },
  {
    // Search code has no clock and no chance: a seed in, the same front out.
    files: pureRooms.map((room) => `src/${room}/**/*.ts`),
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random' },
        { object: 'Date', property: 'now' },
      ],
      'no-restricted-globals': ['error', 'performance', 'process', 'setTimeout', 'setInterval', 'Date'],
    },
  },
);
