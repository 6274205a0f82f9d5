import { defineConfig } from '@hey-api/openapi-ts';

export default defineConfig({
  input: '../docs/ref/openapi.json',
  output: { path: 'src/client', clean: true },
  plugins: ['@hey-api/typescript', '@hey-api/sdk', { name: '@hey-api/client-fetch', throwOnError: true }],
  logs: { file: false },
});
