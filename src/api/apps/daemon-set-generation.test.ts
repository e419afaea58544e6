import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DaemonSet } from '../schema/generated/types.ts';
import { countTemplateGeneration, startTemplateGeneration, TEMPLATE_GENERATION } from './daemon-set-generation.ts';

const set = (image: string, annotations?: Record<string, string>): DaemonSet => ({
  metadata: { name: 'd', ...(annotations && { annotations }) },
  spec: { selector: {}, template: { spec: { containers: [{ name: 'c', image }] } } },
});
const generationOf = ({ metadata }: DaemonSet) => metadata?.annotations?.[TEMPLATE_GENERATION];

test('the number counts changes of the template alone, whatever clients say', () => {
  const images = fc.array(fc.record({ image: fc.constantFrom('a', 'b'), claimed: fc.option(fc.nat(), { nil: undefined }) }));
  fc.assert(
    fc.property(images, (writes) => {
      let now = set('a');
      startTemplateGeneration(now);
      let changes = 0;
      for (const { image, claimed } of writes) {
        const next = set(image, claimed === undefined ? { kept: 'x' } : { [TEMPLATE_GENERATION]: String(claimed), kept: 'x' });
        if (image !== now.spec?.template.spec?.containers[0]?.image) changes += 1;
        countTemplateGeneration(next, now);
        now = next;
        expect(now.metadata?.annotations?.kept).toBe('x');
      }
      expect(generationOf(now)).toBe(String(1 + changes));
    }),
  );
});

test('a new set may start higher, not lower, and what is no number is a bad request', () => {
  for (const [given, stored] of [
    ['5', '5'],
    ['-3', '1'],
    ['0', '1'],
  ] as const) {
    const made = set('a', { [TEMPLATE_GENERATION]: given });
    startTemplateGeneration(made);
    expect(generationOf(made)).toBe(stored);
  }
  expect(() => startTemplateGeneration(set('a', { [TEMPLATE_GENERATION]: 'x' }))).toThrow(
    'DaemonSet in version "v1" cannot be handled as a DaemonSet: strconv.ParseInt: parsing "x": invalid syntax',
  );
});
