import { defineConfig } from 'vitest/config';

const report = process.env.MINIK_TEST_REPORT;

export default defineConfig({
  test: {
    include: ['test/e2e/**/*.e2e.test.ts', 'src/**/*.e2e.test.ts'],
    globalSetup: ['test/e2e/support/global-setup.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: report ? ['verbose', ['json', { outputFile: report }]] : ['verbose'],
  },
});
