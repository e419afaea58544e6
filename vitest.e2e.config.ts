import { defineConfig } from 'vitest/config';

/** Tests against the real thing: root, containerd, network namespaces. `npm run e2e` gives them a closed network namespace. */
export default defineConfig({
  test: {
    include: ['src/**/*.e2e.test.ts', 'test/e2e/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
