import { describe, expect, it } from 'vitest';
import { toStructural } from '../crd-schema/index.ts';
import type { JSONSchemaProps } from '../schema/generated/types.ts';
import { rulesOf } from './compile-rules.ts';

const text = (bounds: JSONSchemaProps = {}): JSONSchemaProps => ({ type: 'string', ...bounds });
const SCHEMA: JSONSchemaProps = {
  type: 'object',
  properties: {
    text: text({ maxLength: 20 }),
    other: text(),
    list: { type: 'array', maxItems: 10, items: text({ maxLength: 5 }) },
    numbers: { type: 'array', maxItems: 7, items: { type: 'integer' } },
    map: { type: 'object', maxProperties: 8, additionalProperties: text({ maxLength: 9 }) },
    objects: {
      type: 'array',
      maxItems: 4,
      items: { type: 'object', required: ['name'], properties: { name: text({ maxLength: 3 }), other: text({ enum: ['aaaa', 'b'] }) } },
    },
    port: { 'x-kubernetes-int-or-string': true },
    number: { type: 'integer' },
    truth: { type: 'boolean' },
    bytes: text({ format: 'byte' }),
    time: text({ format: 'date-time' }),
    wait: text({ format: 'duration' }),
  },
};

/** What upstream's own estimator says of these rules with this schema (Kubernetes 1.36.2; without bound where it is near 2^64). */
const ESTIMATES: readonly (readonly [rule: string, cost: number])[] = [
  ["self.text.matches('^a+$')", 11],
  ["self.text.contains('abc')", 10],
  ["self.text.startsWith('abc') && self.text.endsWith(self.text)", 15],
  ['self.text == self.other', 12],
  ["self.text + self.other == 'x'", 314_586],
  ['self.text < self.other', 12],
  ["self.text.split('.').all(x, x.matches('^0[0-9]+$'))", 579],
  ["self.text.split('.', 3).exists(x, x == 'a')", 34],
  ["self.text.replace('a', 'bcd').size() < 30", 20],
  ["self.text.replace('abc', 'd') == self.other", 28],
  ["self.text.replace('', 'd') == self.other", 37],
  ["self.text.lowerAscii().trim().substring(1, 2).indexOf('a') == 1", 35],
  ["self.text.find('a+') == 'aa'", 12],
  ["self.text.findAll('a+').join(',') == 'aa'", Number.POSITIVE_INFINITY],
  ["self.list.join('-') == self.text", 33],
  ['self.list.all(x, self.list.exists_one(y, x == y))', 673],
  ["self.list.filter(x, x != 'a').map(x, x + 'b').exists(x, x.matches('a'))", 375],
  ['self.list.map(x, x.size() > 3, x)[0] == self.text', 178],
  ["self.list.isSorted() && self.list.indexOf('a') == 1", 65],
  ['self.numbers.sum() > 3 && self.numbers.min() == self.numbers.max()', 29],
  ['self.numbers.sort() == self.numbers.distinct().reverse().slice(0, 3)', 297],
  ['[[1], [2]].flatten().size() == 2', 45],
  ['self.list.sortBy(x, x.size()) == self.list', 379],
  ["self.map.all(k, k.matches('^a') && self.map[k].matches('^b'))", 107],
  ['self.map.all(k, v, k == v)', 43],
  ["self.map.transformMap(k, v, v + 'x').size() == 3", 99],
  ["self.map.transformMap(k, v, v != '', v + 'x').size() == 3", 107],
  ['self.list.transformList(i, v, i > 1, v).size() == 1', 165],
  ['self.map.transformMapEntry(k, v, {v: k}).size() == 1', 307],
  ["'a' in self.list || 'b' in self.map", 15],
  ['self.objects.exists(o, o.name == self.text && has(o.other))', 47],
  ["self.objects[0].name.matches('a')", 6],
  ["self.objects.map(o, o.name).all(n, n.matches('a'))", 90],
  ["self.?text.optMap(t, t + 'a').orValue('b') == 'c'", Number.POSITIVE_INFINITY],
  ['self.?text.optFlatMap(t, optional.of(t)).hasValue()', 19],
  ["self.objects[?0].name.orValue('x') == 'x'", 5],
  ["self.port == 3 || self.port == 'http'", 6],
  ['type(self.port) == string || dyn(self.text) == self.port', 17],
  ["(self.number > 3 ? self.text : self.other) == 'a'", 6],
  ['self.number == 3 && self.truth == true', 4],
  ["quantity(self.text).isGreaterThan(quantity('1')) && quantity('1') == quantity('2')", 15],
  ["quantity(self.text) != quantity('2')", Number.POSITIVE_INFINITY],
  ['isQuantity(self.text) && isURL(self.text) && url(self.text).getHost() == self.other', 314_599],
  ['url(self.text) == url(self.other)', 629_158],
  ["isIP(self.text) && ip(self.text).family() == 4 && ip.isCanonical(self.text) && ip('::1') == ip(self.text)", 52],
  [
    "cidr(self.text).containsIP(self.other) && cidr('10.0.0.0/8').containsCIDR(cidr(self.text)) && cidr(self.text).ip() == ip('::1')",
    314_620,
  ],
  ['!format.dns1123Label().validate(self.text).hasValue()', 261],
  ["semver('1.2.3').compareTo(semver(self.text)) == 0", 13],
  ["sets.contains(self.list, ['a', 'b']) && sets.equivalent(self.list, self.list)", 238],
  ['lists.range(10).all(i, i < self.number)', 92],
  ['string(self.bytes) == self.text || bytes(self.text) == self.bytes', 314_629],
  ["duration(self.text) < duration('1h') && self.time < timestamp('2020-01-01T00:00:00Z') && self.wait > duration('1s')", 13],
  ["self.metadata.name.matches('a')", 314_576],
  ['self.kind == self.apiVersion', 314_577],
  ['oldSelf.text == self.text', 12],
  ["{'a': self.text}['a'] == 'b'", 34],
  ["[self.text, self.other].all(x, x.matches('a'))", 25],
  ['string(self.number) == self.text', 13],
];

describe('the estimated cost of a rule', () => {
  it.each(ESTIMATES)('is what upstream estimates: %s', (rule, cost) => {
    const [compiled] = rulesOf(toStructural({ ...SCHEMA, 'x-kubernetes-validations': [{ rule }] }), true);
    const program = compiled?.program;
    expect(program instanceof Error ? program.message : program?.estimatedCost).toBe(cost);
  });
});
