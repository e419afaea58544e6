import { goQuote } from '../../../base/go-escapes.ts';
import { runtimeError } from '../errors.ts';
import { func, method, type Overload, traverses } from '../overloads.ts';
import { CEL_TYPE, EQUALS, MAX_UINT, type NamedValue } from '../values.ts';

const TYPE = 'kubernetes.Semver';
const MAX_LENGTH = 1024;

class Semver implements NamedValue {
  readonly [CEL_TYPE] = TYPE;
  readonly numbers: readonly bigint[];
  readonly pre: readonly string[];
  constructor(numbers: readonly bigint[], pre: readonly string[]) {
    this.numbers = numbers;
    this.pre = pre;
  }

  [EQUALS](other: unknown): boolean {
    return other instanceof Semver && compare(this, other) === 0;
  }
}

/** A version as expressions compute with it. Throws CelError `runtime`. */
export const semverOf = (text: string): NamedValue => parse(text);

function parse(text: string): Semver {
  if (text === '') throw runtimeError('Version string empty');
  const [major, minor, ...others] = text.split('.');
  if (text.length > MAX_LENGTH || major === undefined || minor === undefined || others.length === 0) {
    throw runtimeError('No Major.Minor.Patch elements found');
  }
  const [numbers = '', ...build] = others.join('.').split(/\+(.*)/s, 2);
  const [patch = '', ...pre] = numbers.split(/-(.*)/s, 2);
  const parts = pre.flatMap((each) => each.split('.'));
  const version = [numberOf(major, 'Major'), numberOf(minor, 'Minor'), numberOf(patch, 'Patch')];
  for (const part of parts) checkPrerelease(part);
  for (const part of build.flatMap((each) => each.split('.'))) checkPart(part, 'Build meta data', 'build meta data');
  return new Semver(version, parts);
}

/** In the words of github.com/blang/semver. */
function numberOf(digits: string, name: string): bigint {
  const quoted = goQuote(digits);
  if (!/^\d*$/.test(digits)) throw runtimeError(`Invalid character(s) found in ${name.toLowerCase()} number ${quoted}`);
  if (/^0\d/.test(digits)) throw runtimeError(`${name} number must not contain leading zeroes ${quoted}`);
  if (digits === '') throw runtimeError(`strconv.ParseUint: parsing ${quoted}: invalid syntax`);
  const value = BigInt(digits);
  if (value > MAX_UINT) throw runtimeError(`strconv.ParseUint: parsing ${quoted}: value out of range`);
  return value;
}

function checkPrerelease(part: string): void {
  checkPart(part, 'Prerelease', 'prerelease');
  if (/^0\d+$/.test(part)) throw runtimeError(`Numeric PreRelease version must not contain leading zeroes ${goQuote(part)}`);
}

function checkPart(part: string, title: string, name: string): void {
  if (part === '') throw runtimeError(`${title} is empty`);
  if (!/^[0-9A-Za-z-]+$/.test(part)) throw runtimeError(`Invalid character(s) found in ${name} ${goQuote(part)}`);
}

/** `v1.0` and `01.2` are made `1.0.0` and `1.2.0` first. */
function normalize(text: string): string {
  const [numbers = '', ...rest] = text.replace(/^v/, '').split(/(?=[-+])/);
  const parts = numbers.split('.').map((part) => part.replace(/^0+(?=\d)/, ''));
  if (parts.length < 3 && rest.length > 0) return text;
  while (parts.length < 3) parts.push('0');
  return parts.join('.') + rest.join('');
}

const maybe = (text: string, normalized: boolean): Semver => parse(normalized ? normalize(text) : text);

function succeeds(text: string, normalized: boolean): boolean {
  try {
    maybe(text, normalized);
    return true;
  } catch {
    return false;
  }
}

/** semver.org, 11. */
function compare(a: Semver, b: Semver): number {
  for (const [i, number] of a.numbers.entries()) {
    const other = b.numbers[i] ?? 0n;
    if (number !== other) return number < other ? -1 : 1;
  }
  if (a.pre.length === 0 || b.pre.length === 0) return Number(b.pre.length > 0) - Number(a.pre.length > 0);
  for (const [i, part] of a.pre.entries()) {
    const other = b.pre[i];
    if (other === undefined) return 1;
    const order = compareParts(part, other);
    if (order !== 0) return order;
  }
  return a.pre.length < b.pre.length ? -1 : 0;
}

function compareParts(a: string, b: string): number {
  if (a === b) return 0;
  const [x, y] = [a, b].map((part) => (/^\d+$/.test(part) ? BigInt(part) : undefined));
  if (x !== undefined && y !== undefined) return x < y ? -1 : 1;
  if (x !== undefined) return -1;
  return y !== undefined || a > b ? 1 : -1;
}

const part =
  (index: number) =>
  ({ numbers }: Semver): bigint =>
    numbers[index] ?? 0n;

export const semvers: readonly Overload[] = [
  func(`semver(string): ${TYPE}`, parse, traverses(0)),
  func(`semver(string, bool): ${TYPE}`, maybe, traverses(0)),
  func('isSemver(string): bool', (text: string) => succeeds(text, false), traverses(0)),
  func('isSemver(string, bool): bool', succeeds, traverses(0)),
  method(`${TYPE}.isGreaterThan(${TYPE}): bool`, (a: Semver, b: Semver) => compare(a, b) > 0),
  method(`${TYPE}.isLessThan(${TYPE}): bool`, (a: Semver, b: Semver) => compare(a, b) < 0),
  method(`${TYPE}.compareTo(${TYPE}): int`, (a: Semver, b: Semver) => BigInt(compare(a, b))),
  method(`${TYPE}.major(): int`, part(0)),
  method(`${TYPE}.minor(): int`, part(1)),
  method(`${TYPE}.patch(): int`, part(2)),
];
