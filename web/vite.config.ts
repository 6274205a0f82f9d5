import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const node = process.env['VMS_NODE'] ?? 'http://127.0.0.1:8000';

/** Parts that change at different times get their own file, so that a new console build does not empty the cache. */
const CHUNKS: readonly [name: string, test: RegExp][] = [
  ['antd', /node_modules\/(antd|@ant-design|@rc-component|rc-[a-z-]+|dayjs)\//],
  ['react', /node_modules\/(react|react-dom|scheduler)\//],
  ['data', /node_modules\/(@tanstack|i18next|react-i18next|zustand)\//],
  ['player', /\/src\/player\//],
];

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2022',
    sourcemap: false,
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      output: { codeSplitting: { groups: CHUNKS.map(([name, test]) => ({ name, test })) } },
    },
  },
  server: { proxy: { '/api': { target: node, ws: true } } },
  test: { environment: 'node', include: ['tests/**/*.test.{ts,tsx}'], restoreMocks: true },
});
