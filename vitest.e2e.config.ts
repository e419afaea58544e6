import { defineConfig } from 'vitest/config';

const report = process.env.MINIK_TEST_REPORT;
/** `cluster`: tests of one cluster that runs for all of them. `parts`: tests beside the code that make what they need, a whole node even. */
const ofCluster = process.env.MINIK_E2E_SUITE === 'cluster';

export default defineConfig({
  test: {
    include: [ofCluster ? 'test/e2e/**/*.e2e.test.ts' : 'src/**/*.e2e.test.ts'],
    globalSetup: ofCluster ? ['test/e2e/support/global-setup.ts'] : [],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: report ? ['verbose', ['json', { outputFile: report }]] : ['verbose'],
  },
});
