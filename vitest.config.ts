import { defineConfig } from 'vitest/config';

const report = process.env.MINIK_TEST_REPORT;

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'test/bench/**/*.test.ts', 'test/faults/**/*.test.ts'],
    exclude: ['**/*.e2e.test.ts', 'node_modules/**'],
    pool: 'threads',
    testTimeout: 20_000,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
});
