import js from '@eslint/js';
import hooks from 'eslint-plugin-react-hooks';
import ts from 'typescript-eslint';

const FEATURES = ['session', 'live', 'playback', 'points', 'plans'];

/** Floors: features never import each other, shared code never imports features, the player and the timeline know no framework. */
const floors = [
  { files: ['src/shared/**'], forbid: ['@/features/*', '@/app/*'] },
  { files: ['src/player/**', 'src/timeline/*.ts'], forbid: ['@/features/*', '@/app/*', '@/shared/ui/*', 'react', 'react-*', 'antd', '@tanstack/*'] },
  ...FEATURES.map((own) => ({ files: [`src/features/${own}/**`], forbid: ['@/app/*', ...FEATURES.filter((f) => f !== own).map((f) => `@/features/${f}/*`)] })),
].map(({ files, forbid }) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: forbid.map((p) => ({ group: [p, `${p}*/**`], message: 'Floors: see eslint.config.js.' })) }] },
}));

export default ts.config(
  { ignores: ['dist', 'src/client', 'node_modules'] },
  js.configs.recommended,
  ...ts.configs.strictTypeChecked,
  { languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } } },
  hooks.configs.flat['recommended-latest'],
  {
    files: ['**/*.{ts,tsx}'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      'no-console': 'error',
    },
  },
  { files: ['*.js'], extends: [ts.configs.disableTypeChecked] },
  ...floors,
);
