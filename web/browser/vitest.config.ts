import { defineConfig } from 'vitest/config';

// The tests drive a real browser against a Godwit that runs already; e2e starts
// it and says where it is.
export default defineConfig({
  test: { root: import.meta.dirname, include: ['*.test.ts'], testTimeout: 240_000, hookTimeout: 240_000, fileParallelism: false, bail: 1 },
});
