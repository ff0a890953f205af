import react from '@vitejs/plugin-react';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

// compress writes a .br and a .gz beside each file, so that no request has to
// wait for it. It keeps the file that holds the folder in the repository.
function compress(): Plugin {
  return {
    name: 'compress',
    apply: 'build',
    closeBundle() {
      for (const name of readdirSync('dist/assets')) {
        const content = readFileSync(`dist/assets/${name}`);
        writeFileSync(`dist/assets/${name}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
        writeFileSync(`dist/assets/${name}.gz`, gzipSync(content, { level: 9 }));
      }
      writeFileSync('dist/.gitkeep', '');
    },
  };
}

// page fills in what the server fills in otherwise.
function page(): Plugin {
  return {
    name: 'page',
    apply: 'serve',
    transformIndexHtml: (html) => html.replace('%BASE%', '/').replace('%NONCE%', ''),
  };
}

export default defineConfig({
  base: './',
  plugins: [react(), compress(), page()],
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false, manifest: true },
  server: { proxy: { '/v1': process.env['GODWIT_URL'] ?? 'http://127.0.0.1:8080' } },
  test: { include: ['src/**/*.test.ts'], testTimeout: 60_000 }, // on a machine that does much else
} as Parameters<typeof defineConfig>[0]);
