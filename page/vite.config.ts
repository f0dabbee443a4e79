import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const built = '../src/houseprice/serving/page/built';
const api = [
  'predict',
  'explain',
  'comparables',
  'history',
  'what-if',
  'batch-predict',
  'model',
  'page-config',
  'sales',
];
const server = process.env.HOUSEPRICE_SERVER ?? 'http://localhost:8011';

/** Write a Brotli and a gzip variant beside each file, so that the server compresses nothing while it answers. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    closeBundle() {
      for (const entry of readdirSync(built, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || /\.(br|gz)$/.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        const bytes = readFileSync(path);
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [compressed()],
  build: {
    outDir: built,
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licences.md' }, // of the libraries in the scripts; they ask for it
  },
  server: { proxy: Object.fromEntries(api.map((path) => [`/${path}`, server])) },
  test: { environment: 'happy-dom', include: ['src/**/*.test.{ts,tsx}'], pool: 'vmThreads', restoreMocks: true },
});
