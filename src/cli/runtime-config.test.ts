import { describe, expect, it } from 'vitest';
import { servedKinds } from './runtime-config.ts';

const serves = (...runtimeConfig: string[]) =>
  servedKinds({ runtimeConfig }).byId('storageversionmigrations.storagemigration.k8s.io') !== undefined;

describe('--runtime-config', () => {
  it.each([
    [[], false],
    [['storagemigration.k8s.io/v1beta1=true'], true],
    [['storagemigration.k8s.io/v1beta1'], true],
    [['storagemigration.k8s.io/v1beta1/storageversionmigrations=true'], true],
    [['api/beta=true'], true],
    [['api/all=true'], true],
    [['api/ga=true', 'api/alpha=true'], false],
    [['api/all=true', 'api/beta=false'], false],
    [['storagemigration.k8s.io/v1beta1=true', 'api/beta=false'], true],
    [['storagemigration.k8s.io/v1beta1/storageversionmigrations=false', 'storagemigration.k8s.io/v1beta1=true'], false],
  ])('%j serves storage migrations: %s', (entries, expected) => {
    expect(serves(...entries)).toBe(expected);
  });

  it('leaves all other kinds as they are', () => {
    expect(servedKinds({ runtimeConfig: ['api/beta=true'] }).all.length).toBe(servedKinds({}).all.length + 1);
  });
});
