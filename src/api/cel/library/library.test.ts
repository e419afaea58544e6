import { describe, expect, it } from 'vitest';
import { AUTHORIZER_TYPE, type AuthorizationQuestion, authorizerValue, CelError, compileCel, namedType, toJson } from '../index.ts';

const evaluate = (expression: string): unknown => toJson(compileCel(expression, { variables: {}, mutates: true }).evaluate({}));
const failure = (expression: string): string => {
  try {
    evaluate(expression);
  } catch (e) {
    if (e instanceof CelError) return e.message;
    throw e;
  }
  return 'it succeeded';
};

/** The examples of the Go documentation of k8s.io/apiserver/pkg/cel/library and of cel-go's extensions. */
const TRUE: Readonly<Record<string, readonly string[]>> = {
  strings: [
    "'hello'.charAt(4) == 'o' && 'hello'.charAt(5) == ''",
    "'hello mellow'.indexOf('') == 0 && 'hello mellow'.indexOf('ello') == 1 && 'hello mellow'.indexOf('jello') == -1",
    "'hello mellow'.indexOf('', 2) == 2 && 'hello mellow'.indexOf('ello', 2) == 7",
    "'hello mellow'.lastIndexOf('ello') == 7 && 'hello mellow'.lastIndexOf('ello', 6) == 1 && 'a'.lastIndexOf('b') == -1",
    "['hello', 'mellow'].join() == 'hellomellow' && ['hello', 'mellow'].join(' ') == 'hello mellow' && [].join('/') == ''",
    "'TacoCat'.lowerAscii() == 'tacocat' && 'TacoCÆt'.lowerAscii() == 'tacocÆt' && 'TacoCÆt'.upperAscii() == 'TACOCÆT'",
    "'hello hello'.replace('he', 'we') == 'wello wello' && 'hello hello'.replace('he', 'we', 1) == 'wello hello'",
    "'hello hello'.replace('he', 'we', -1) == 'wello wello' && 'hello'.replace('', '_') == '_h_e_l_l_o_'",
    "'hello hello hello'.split(' ') == ['hello', 'hello', 'hello'] && 'hello hello hello'.split(' ', 0) == []",
    "'hello hello hello'.split(' ', 1) == ['hello hello hello'] && 'hello hello hello'.split(' ', 2) == ['hello', 'hello hello']",
    "'tacocat'.substring(4) == 'cat' && 'tacocat'.substring(0, 4) == 'taco' && 'ta©o©αT'.substring(2, 6) == '©o©α'",
    "' \\ttrim\\n '.trim() == 'trim'",
    'strings.quote(\'single-quote with "double quote"\') == \'"single-quote with \\\\"double quote\\\\""\'',
    "'%s %d %.2f %e %x %X %b %o %%'.format(['a', 2, 1.5, 1000.0, 255, 'z', 5, 8]) == 'a 2 1.50 1.000000×10⁰³ ff 7A 101 10 %'",
    `'%s %s'.format([[1, 'b', true], {'a': 1.5}]) == '[1, "b", true] {"a":1.500000}'`,
    "'%.1f %f %.8e'.format([12345.25, double('-Infinity'), double('Infinity')]) == '12,345.2 -∞        ∞'",
    "'hello'.contains('ell') && 'hello'.startsWith('he') && 'hello'.endsWith('lo') && 'hello'.size() == 5",
  ],
  regex: [
    "'abc 123'.find('[0-9]+') == '123' && 'abc 123'.find('xyz') == ''",
    "'123 abc 456'.findAll('[0-9]+') == ['123', '456'] && '123 abc 456'.findAll('[0-9]+', 1) == ['123'] && '123 abc 456'.findAll('xyz') == []",
    "'my-name'.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && !'-x'.matches('^[a-z]') && matches('foobar', 'foo.*')",
  ],
  lists: [
    "[1, 2, 3].isSorted() && ['a', 'b', 'b', 'c'].isSorted() && ![2.0, 1.0].isSorted() && [1].isSorted() && [].isSorted()",
    "[1, 3].sum() == 4 && [1.0, 3.0].sum() == 4.0 && [duration('1m'), duration('1s')].sum() == duration('1m1s') && [].sum() == 0",
    "[1, 3].min() == 1 && [1, 3].max() == 3 && ['b', 'a'].min() == 'a' && ([0] + []).min() == 0",
    "[1, 2, 2, 3].indexOf(2) == 1 && ['a', 'b', 'b', 'c'].lastIndexOf('b') == 2 && [1.0].indexOf(1.1) == -1 && [].indexOf('string') == -1",
    '[1, 2, 3, 4].slice(1, 3) == [2, 3] && [1, 2, 3, 4].slice(2, 4) == [3, 4]',
    '[[1, 2], [3]].flatten() == [1, 2, 3] && [[[1]], [[2]]].flatten(2) == [1, 2]',
    "[3, 2, 1].sort() == [1, 2, 3] && ['b', 'c', 'a'].sort() == ['a', 'b', 'c'] && [1, 2, 2, 3].distinct() == [1, 2, 3]",
    "[{'n': 2}, {'n': 1}].sortBy(x, x.n) == [{'n': 1}, {'n': 2}] && lists.range(3) == [0, 1, 2] && [1, 2].reverse() == [2, 1]",
    '[1, 2].first().value() == 1 && [1, 2].last().value() == 2 && ![].first().hasValue()',
  ],
  sets: [
    'sets.contains([], []) && !sets.contains([], [1]) && sets.contains([1, 2, 3, 4], [2, 3])',
    'sets.equivalent([1], [1, 1]) && sets.equivalent([1, 2, 3], [3, 2, 1]) && !sets.equivalent([1], [2])',
    '!sets.intersects([1], []) && sets.intersects([1], [1, 2]) && sets.intersects([[1], [2, 3]], [[1, 2], [2, 3]])',
  ],
  url: [
    "url('/path').getScheme() == '' && url('https://example.com/').getScheme() == 'https'",
    "url('https://example.com:80/').getHost() == 'example.com:80' && url('https://[::1]:80/').getHost() == '[::1]:80' && url('/path').getHost() == ''",
    "url('https://example.com:80/').getHostname() == 'example.com' && url('https://[::1]:80/').getHostname() == '::1'",
    "url('https://example.com:80/').getPort() == '80' && url('https://example.com/').getPort() == '' && url('/path').getPort() == ''",
    "url('https://example.com/path').getEscapedPath() == '/path' && url('https://example.com').getEscapedPath() == ''",
    "url('https://example.com/path with spaces/').getEscapedPath() == '/path%20with%20spaces/'",
    "url('https://example.com/path?k1=a&k2=b&k2=c').getQuery() == {'k1': ['a'], 'k2': ['b', 'c']}",
    "url('https://example.com/path?key with spaces=value with spaces').getQuery() == {'key with spaces': ['value with spaces']}",
    "url('https://example.com/path?').getQuery() == {} && url('https://example.com/path').getQuery() == {}",
    "isURL('https://user:pass@example.com:80/path?query=val#fragment') && isURL('/absolute-path')",
    "!isURL('https://a:b:c/') && !isURL('../relative-path') && url('/a') == url('/a')",
  ],
  network: [
    "isIP('127.0.0.1') && isIP('::1') && !isIP('127.0.0.256') && !isIP(':::1') && !isIP('::ffff:1.2.3.4') && !isIP('fe80::1%eth0') && !isIP('01.2.3.4')",
    "ip.isCanonical('127.0.0.1') && ip.isCanonical('2001:db8::abcd') && !ip.isCanonical('2001:DB8::ABCD') && !ip.isCanonical('2001:db8::0:0:0:abcd')",
    "ip('127.0.0.1').family() == 4 && ip('::1').family() == 6 && string(ip('2001:DB8::ABCD')) == '2001:db8::abcd'",
    "ip('0.0.0.0').isUnspecified() && !ip('127.0.0.1').isUnspecified() && ip('::').isUnspecified() && !ip('::1').isUnspecified()",
    "ip('127.0.0.1').isLoopback() && !ip('192.168.0.1').isLoopback() && ip('::1').isLoopback() && !ip('2001:db8::abcd').isLoopback()",
    "ip('224.0.0.1').isLinkLocalMulticast() && !ip('224.0.1.1').isLinkLocalMulticast() && ip('ff02::1').isLinkLocalMulticast() && !ip('fd00::1').isLinkLocalMulticast()",
    "ip('169.254.169.254').isLinkLocalUnicast() && !ip('192.168.0.1').isLinkLocalUnicast() && ip('fe80::1').isLinkLocalUnicast() && !ip('fd80::1').isLinkLocalUnicast()",
    "ip('192.168.0.1').isGlobalUnicast() && !ip('255.255.255.255').isGlobalUnicast() && ip('2001:db8::abcd').isGlobalUnicast() && !ip('ff00::1').isGlobalUnicast()",
    "isCIDR('192.168.0.0/16') && isCIDR('::1/128') && !isCIDR('192.168.0.0/33') && !isCIDR('::1/129')",
    "cidr('192.168.0.0/24').containsIP(ip('192.168.0.1')) && !cidr('192.168.0.0/24').containsIP('192.168.1.1')",
    "cidr('192.168.0.0/16').containsCIDR(cidr('192.168.10.0/24')) && !cidr('192.168.1.0/24').containsCIDR('192.168.2.0/24')",
    "cidr('192.168.0.1/24').ip() == ip('192.168.0.1') && cidr('::1/128').ip().family() == 6",
    "cidr('192.168.0.1/24').masked() == cidr('192.168.0.0/24') && cidr('192.168.0.1/24') != cidr('192.168.0.1/24').masked()",
    "cidr('192.168.0.0/16').prefixLength() == 16 && string(cidr('192.168.0.0/16')) == '192.168.0.0/16' && type(ip('::1')) == net.IP",
  ],
  quantity: [
    "isQuantity('1.3G') && isQuantity('1.3Gi') && !isQuantity('1,3G') && isQuantity('10000k') && !isQuantity('200K') && !isQuantity('Three') && !isQuantity('Mi')",
    'quantity("50000000G").isInteger() && quantity("50k").isInteger() && !quantity("9999999999999999999999999999999999999G").isInteger()',
    'quantity("50k").asInteger() == 50000 && quantity("50k").sub(20000).asApproximateFloat() == 30000.0',
    'quantity("50k").add(quantity("20k")) == quantity("70k") && quantity("50k").add(20) == quantity("50020")',
    'quantity("50k").add(20).sub(quantity("100k")).sub(-50000) == quantity("20")',
    'quantity("200M").compareTo(quantity("0.2G")) == 0 && quantity("50M").compareTo(quantity("50Mi")) == -1 && quantity("50Mi").compareTo(quantity("50M")) == 1',
    'quantity("150Mi").isGreaterThan(quantity("100Mi")) && !quantity("100M").isLessThan(quantity("50M")) && sign(quantity("-1")) == -1',
  ],
  semver: [
    "isSemver('1.0.0') && !isSemver('hello') && !isSemver('v1.0') && isSemver('v1.0', true) && !isSemver('01.01.01')",
    "semver('v1.0.0', true) == semver('1.0.0') && semver('1.0', true) == semver('1.0.0') && semver('01.01.01', true) == semver('1.1.1')",
    "semver('1.2.3').compareTo(semver('1.2.3')) == 0 && semver('1.2.3').compareTo(semver('2.0.0')) == -1 && semver('1.2.3').compareTo(semver('0.1.2')) == 1",
    "semver('1.2.3').major() == 1 && semver('1.2.3').minor() == 2 && semver('1.2.3').patch() == 3",
    "semver('1.0.0-alpha.1').isLessThan(semver('1.0.0-alpha.beta')) && semver('1.0.0').isGreaterThan(semver('1.0.0-rc.1'))",
  ],
  upstream: [
    "'hello'.indexOf('o', 9) == -1 && 'hello'.lastIndexOf('o', 5) == -1 && 'hello'.indexOf('', 9) == 9 && 'hello'.lastIndexOf('', 9) == 9",
    "quantity('1k').isInteger() && quantity('1Ki').isInteger() && quantity('1000').add(1).isInteger()",
    "!quantity('1000m').isInteger() && !quantity('1.0').isInteger() && !quantity('1.5Gi').isInteger() && !quantity('1Ei').isInteger()",
    "!quantity('1').add(quantity('1000m')).isInteger() && !quantity('9223372036854775807').isInteger()",
    "!isURL('http://a%20b/') && isURL('http://%C3%BC/') && !isURL('x://[a]/') && isURL('http://[fe80::1%25eth0]/')",
    "url('http://a/?b=%zz&c;d&e=f').getQuery() == {'e': ['f']}",
    "'%s'.format([[dyn(1), dyn([2, [3]])].flatten()]) == '[1, 2, [3]]'",
    'double("NaN") != double("NaN") && double("NaN") != 1.0',
    'timestamp("0001-03-01T00:00:00Z").getDayOfYear() == 59',
    'timestamp("2020-01-01T12:00:00Z").getHours("Local") == 12 && timestamp("2020-01-01T12:00:00Z").getMinutes("-1:30") == 30',
  ],
  format: [
    '!format.dns1123Label().validate("my-label-name").hasValue() && format.dns1123Label().validate("My").hasValue()',
    '!format.dns1123Subdomain().validate("apiextensions.k8s.io").hasValue() && !format.dns1123LabelPrefix().validate("my-label-prefix-").hasValue()',
    '!format.qualifiedName().validate("apiextensions.k8s.io/v1beta1").hasValue() && !format.uri().validate("http://example.com").hasValue()',
    '!format.uuid().validate("123e4567-e89b-12d3-a456-426614174000").hasValue() && format.uuid().validate("x").value() == ["does not match the UUID format"]',
    '!format.byte().validate("aGVsbG8=").hasValue() && format.byte().validate("a").value() == ["invalid base64"]',
    '!format.date().validate("2021-01-01").hasValue() && format.date().validate("2021-02-30").hasValue()',
    '!format.datetime().validate("2021-01-01T00:00:00Z").hasValue() && format.datetime().validate("2021-01-01").value() == ["invalid datetime"]',
    'format.named("dns1123Label").value() == format.dns1123Label() && !format.named("nope").hasValue()',
  ],
  time: [
    'timestamp("2023-05-07T13:14:15.016Z").getFullYear() == 2023 && timestamp("2023-05-07T13:14:15Z").getMonth() == 4',
    'timestamp("2023-05-07T13:14:15Z").getDate() == 7 && timestamp("2023-05-07T13:14:15Z").getDayOfMonth() == 6 && timestamp("2023-05-07T13:14:15Z").getDayOfWeek() == 0',
    'timestamp("2023-02-01T13:14:15.016Z").getDayOfYear() == 31 && timestamp("2023-02-01T13:14:15.016Z").getMilliseconds() == 16',
    'timestamp("2023-02-01T23:14:15Z").getHours("+02:00") == 1 && timestamp("2023-07-01T23:14:15Z").getHours("America/New_York") == 19',
    'duration("1h30m").getMinutes() == 90 && duration("1h30m").getSeconds() == 5400 && duration("1.5s").getMilliseconds() == 1500',
    'int(timestamp("1970-01-01T00:01:00Z")) == 60 && timestamp(60) == timestamp("1970-01-01T00:01:00Z") && duration("-1.5h") == duration("-90m")',
  ],
  patches: ["jsonpatch.escapeKey('k8s.io/my~label') == 'k8s.io~1my~0label'"],
};

describe.each(Object.entries(TRUE))('%s', (_, expressions) => {
  it.each(expressions)('%s', (expression) => {
    expect(evaluate(expression)).toBe(true);
  });
});

describe('what libraries refuse', () => {
  it.each([
    ["'hello'.indexOf('l', -1)", 'index out of range: -1'],
    ["'hello'.substring(9, 1)", 'invalid substring range. start: 9, end: 1'],
    ["'%s'.format([[optional.of(1)].distinct()])", 'error during formatting: no formatting function for optional_type'],
    ["'%s'.format([{1.5: 1}])", 'error during formatting: no formatting function for map key of type double'],
    [
      "'%s'.format([b'\\xff'])",
      'error during formatting: could not convert argument "invalid UTF-8 in bytes, cannot convert to string" to string',
    ],
    ['double("NaN") < 1.0', 'NaN values cannot be ordered'],
    ['[18446744073709551615u, 1u].sum()', 'unsigned integer overflow'],
    ["cidr('1.2.3.4/8/8')", 'network address parse error during conversion from string: netip.ParsePrefix("1.2.3.4/8/8"): invalid prefix'],
    ["quantity(' 1')", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
    ["semver('18446744073709551616.0.0')", 'strconv.ParseUint: parsing "18446744073709551616": value out of range'],
    ['timestamp("2020-01-01T00:00:00Z").getHours("utc")', 'unknown time zone utc'],
    ['timestamp("2020-01-01T00:00:00Z").getHours("1:2:3")', 'strconv.Atoi: parsing "2:3": invalid syntax'],
    ["'hello'.charAt(6)", 'index out of range: 6'],
    ["'tacocat'.substring(5, 2)", 'invalid substring range. start: 5, end: 2'],
    ["'%d'.format([dyn('x')])", 'error during formatting: decimal clause can only be used on integers, was given string'],
    ["'a'.matches('a' + '(')", 'error parsing regexp: missing closing ): `a(`'],
    ['[].min()', 'min called on empty list'],
    ['[1, 2].slice(1, 5)', 'cannot slice(1, 5), list is length 2'],
    ["url('../relative-path')", 'URL parse error during conversion from string: parse "../relative-path": invalid URI for request'],
    [
      "ip('127.0.0.256')",
      'IP Address "127.0.0.256" parse error during conversion from string: ParseAddr("127.0.0.256"): unable to parse IP',
    ],
    ["ip('::ffff:1.2.3.4')", 'IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed'],
    ["quantity('200K')", "unable to parse quantity's suffix"],
    ['quantity("1.5").asInteger()', 'cannot convert value to integer'],
    ["semver('v1.2.3')", 'Invalid character(s) found in major number "v1"'],
    ["semver('1.02.3')", 'Minor number must not contain leading zeroes "02"'],
    ["semver('1.2.3.4')", 'Invalid character(s) found in patch number "3.4"'],
    ["semver('1..3')", 'strconv.ParseUint: parsing "": invalid syntax'],
    ["semver('1.2.3-')", 'Prerelease is empty'],
    ["semver('1.2.3-a_b')", 'Invalid character(s) found in prerelease "a_b"'],
    ["semver('1.2.3-01')", 'Numeric PreRelease version must not contain leading zeroes "01"'],
    ["semver('1.2.3+')", 'Build meta data is empty'],
    ["semver('Three')", 'No Major.Minor.Patch elements found'],
    ["duration('1' + 'x')", "type conversion error from 'string' to 'google.protobuf.Duration'"],
  ])('%s: %s', (expression, message) => {
    expect(failure(expression)).toBe(message);
  });

  it('are the functions that Kubernetes does not have', () => {
    expect(failure('math.greatest(1, 2)')).toContain("undeclared reference to 'greatest'");
    expect(failure("base64.encode(b'x')")).toContain("undeclared reference to 'encode'");
  });
});

describe('the authorizer', () => {
  const asked: AuthorizationQuestion[] = [];
  const authorizer = authorizerValue((question) => {
    asked.push(question);
    return { allowed: question.verb === 'get', reason: `because ${question.resource || question.path}` };
  });
  const run = (expression: string) =>
    toJson(compileCel(expression, { variables: { authorizer: namedType(AUTHORIZER_TYPE) } }).evaluate({ authorizer }));

  it('is asked about resources, paths and service accounts', () => {
    expect(
      run("authorizer.group('apps').resource('deployments').subresource('scale').namespace('n').name('x').check('get').allowed()"),
    ).toBe(true);
    expect(run("authorizer.path('/healthz').check('post').reason()")).toBe('because /healthz');
    expect(run("authorizer.serviceAccount('default', 'sa').group('').resource('pods').check('get').errored()")).toBe(false);
    expect(asked).toMatchObject([
      { verb: 'get', group: 'apps', resource: 'deployments', subresource: 'scale', namespace: 'n', name: 'x' },
      { verb: 'post', path: '/healthz' },
      { verb: 'get', serviceAccount: { namespace: 'default', name: 'sa' }, resource: 'pods' },
    ]);
  });

  it('wants names', () => {
    expect(() => run("authorizer.path(' ').check('get').allowed()")).toThrow('path must not be empty');
    expect(() => run("authorizer.serviceAccount('default', 'not@valid').path('/').check('get').allowed()")).toThrow(
      'Invalid service account name',
    );
  });

  it('may put off its answer: nothing swallows that', () => {
    const later = authorizerValue(() => {
      throw new Error('later');
    });
    const program = compileCel("authorizer.path('/x').check('get').allowed() || true", {
      variables: { authorizer: namedType(AUTHORIZER_TYPE) },
    });
    expect(() => program.evaluate({ authorizer: later })).toThrow('later');
  });
});
