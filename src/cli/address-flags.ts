import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';

export function address(value: string): string {
  if (!isIP(value)) throw new InvalidArgumentError('it must be an IP address.');
  return value;
}

export function cidr(value: string): string {
  const [ip = '', bits = ''] = value.split('/');
  const family = isIP(ip);
  if (!family || !/^\d+$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128))
    throw new InvalidArgumentError('it must be a CIDR such as 10.42.0.0/16.');
  return value;
}

type Parse = (value: string, before: readonly string[] | undefined) => readonly string[];

/** Parser and default of a flag that takes one value, or one of each family with a comma between; values that are given take the default's place. */
export function ofEachFamily(check: (value: string) => string, initial?: readonly string[]): [Parse, (readonly string[])?] {
  const parse: Parse = (value, before) => {
    const own = value.split(',').map((one) => check(one.trim()));
    const all = [...(before === initial ? [] : (before ?? [])), ...own];
    if (all.length > 2) throw new InvalidArgumentError(`it must be one, or one of each family; these are ${all.length}.`);
    const [first = '', second] = all;
    if (second?.includes(':') === first.includes(':'))
      throw new InvalidArgumentError(`it must be one of each family; two are of ${first.includes(':') ? 'IPv6' : 'IPv4'}.`);
    return all;
  };
  return initial ? [parse, initial] : [parse];
}
