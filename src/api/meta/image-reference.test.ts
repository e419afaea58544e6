import { describe, expect, it } from 'vitest';
import { defaultPullPolicy } from './image-reference.ts';

describe('the pull policy of an image that names none', () => {
  const digest = `sha256:${'a'.repeat(64)}`;

  it.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['host:5000/a/b', 'Always'],
    [`nginx:latest@${digest}`, 'Always'],
    [`nginx@${digest}`, 'IfNotPresent'],
    ['nginx:1.2', 'IfNotPresent'],
  ])('of %s is %s', (image, policy) => {
    expect(defaultPullPolicy(image)).toBe(policy);
  });

  it.each(['', 'UPPER', '-1', 'Bad_Value!', '/abs/../path', 'x'.repeat(300), 'a'.repeat(64)])(
    'is IfNotPresent for %s, which is no reference',
    (image) => {
      expect(defaultPullPolicy(image)).toBe('IfNotPresent');
    },
  );
});
