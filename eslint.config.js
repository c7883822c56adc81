import tseslint from 'typescript-eslint';

/** Who may import whom (docs/decisions/0001-rooms.md): a room absent from a list may not be imported. */
const rooms = {
  protocol: [],
  chaincode: ['protocol'],
  ledger: ['protocol'],
  'ledger/embedded': ['protocol', 'chaincode', 'ledger'],
  'anchor-worker': ['protocol', 'ledger', 'anchor-worker'],
  // For the trust bundle's format alone (docs/decisions/0041-trust-bundles-of-a-network.md).
  network: ['protocol', 'network'],
  fixtures: ['protocol', 'fixtures'],
  'verifier-service': ['protocol', 'ledger', 'anchor-worker', 'verifier-service'],
  'public-portal': ['protocol'],
};
const everyRoom = [
  'protocol',
  'chaincode',
  'ledger',
  'anchor-worker',
  'verifier-service',
  'public-portal',
  'network',
  'fixtures',
  'bench',
];

const importRule = (room, allowed) => {
  const forbidden = everyRoom.filter((name) => !allowed.includes(name));
  return {
    files: [`${room}/**/*.{ts,tsx}`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^@spondon/(${forbidden.join('|')})(/|$)`,
              message: `${room} may import only: ${allowed.join(', ') || 'nothing of ours'}`,
            },
            ...(room === 'protocol'
              ? [{ regex: '^node:|^[^.]', message: 'protocol is pure: no imports' }]
              : []),
          ],
        },
      ],
    },
  };
};

/** Only these may name adapters, sample data and the whole machine: they are where the program runs. */
const edges = [
  'verifier-service/server.ts',
  'verifier-service/deployment/*.ts',
  'verifier-service/cli/*.ts',
  '**/*.test.ts',
  'ledger/fabric/*.test-support.ts',
  'verifier-service/ipfs/*.test-support.ts',
  'public-portal/browser-tests/*.ts',
  'bench/**/*.ts',
];

export default tseslint.config(
  { ignores: ['**/dist/', '**/site/', '**/node_modules/', 'data/', 'network-data/', '**/*.js'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      // By code points is what is meant where text is spread.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
    },
  },
  ...Object.entries(rooms).map(([room, allowed]) => importRule(room, allowed)),
  {
    files: ['protocol/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        'process',
        'Buffer',
        'fetch',
        'crypto',
        'setTimeout',
        'setInterval',
        'setImmediate',
        'performance',
        'console',
        'Date',
      ],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random' }],
    },
  },
  { files: edges, rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['protocol/**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: '^@spondon/', message: 'protocol is built before all else, its tests with it' },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.test.ts'],
    // node:test's `test()` and `it()` return promises that the runner itself awaits.
    rules: { '@typescript-eslint/no-floating-promises': 'off' },
  },
);
