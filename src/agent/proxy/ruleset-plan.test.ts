import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRuleset, planScript, type Ruleset } from './ruleset-plan.ts';

interface Held {
  chains: Map<string, string[]>;
  containers: Map<string, Map<string, string | undefined>>;
}

const split = (braces: string) => braces.replace(/^\{ | \}$/g, '').split(', ');
const references = (rule: string) => [...rule.matchAll(/(?:goto|jump) (\S+)/g)].map((m) => m[1] ?? '');

/** What the kernel would hold after the script: refuses, as it does, to make things twice or to delete what is referred to. */
function run(held: Held, script: string): void {
  for (const line of script.split('\n').filter(Boolean)) {
    const [verb, what, , , name = '', ...rest] = line.split(' ');
    const text = rest.join(' ');
    if (what === 'table') {
      if (verb === 'delete') {
        held.chains.clear();
        held.containers.clear();
      }
    } else if (what === 'chain') {
      if (verb === 'add') expect(held.chains.has(name)).toBe(false);
      if (verb === 'add' || verb === 'flush') held.chains.set(name, []);
      if (verb === 'delete') {
        expect([...held.chains.values()].flat().flatMap(references)).not.toContain(name);
        const verdicts = [...held.containers.values()].flatMap((c) => [...c.values()]);
        expect(verdicts.flatMap((v) => references(v ?? ''))).not.toContain(name);
        held.chains.delete(name);
      }
    } else if (what === 'rule') {
      for (const target of references(text)) expect(held.chains.has(target)).toBe(true);
      held.chains.get(name)?.push(text);
    } else if (what === 'element') {
      const elements = held.containers.get(name);
      expect(elements).toBeDefined();
      for (const element of split(text)) {
        const [key = '', value] = element.split(' : ');
        if (verb === 'add') elements?.set(key, value);
        else expect(elements?.delete(key)).toBe(true);
      }
    } else if (verb === 'add') held.containers.set(name, new Map());
    else held.containers.delete(name);
  }
}

const contentOf = (rules: Ruleset) => ({
  chains: new Map([...rules.chains].map(([name, { rules: lines }]) => [name, [...lines]])),
  containers: new Map([...rules.containers].map(([name, { elements }]) => [name, new Map(elements)])),
});

const services = fc.uniqueArray(fc.record({ name: fc.integer({ min: 0, max: 8 }), backend: fc.integer({ min: 0, max: 3 }) }), {
  selector: (s) => s.name,
});
function rulesetOf(list: readonly { name: number; backend: number }[]): Ruleset {
  const rules = createRuleset();
  rules.map('services', 'type inet_service : verdict');
  for (const { name, backend } of list) {
    if (backend === 3) rules.set(`only-${name}`, 'type inet_service');
    rules.chain(`svc-${name}`, [`dnat to 10.0.0.${backend}`]);
    rules.element('services', String(name), `goto svc-${name}`);
  }
  return rules;
}

describe('the script between two rulesets', () => {
  it('leads from any ruleset to any other, making before referring and deleting last', () => {
    fc.assert(
      fc.property(fc.array(services, { minLength: 1, maxLength: 6 }), (steps) => {
        const held: Held = { chains: new Map(), containers: new Map() };
        let before: Ruleset | undefined;
        for (const step of steps) {
          const after = rulesetOf(step);
          run(held, planScript('ip minik', before, after));
          expect(held).toEqual(contentOf(after));
          before = after;
        }
      }),
    );
  });

  it('is empty when nothing changed', () => {
    expect(planScript('ip minik', rulesetOf([{ name: 1, backend: 1 }]), rulesetOf([{ name: 1, backend: 1 }]))).toBe('');
  });
});
