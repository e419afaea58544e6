import { InvalidArgumentError, Option } from 'commander';

/** Parsers that commander calls for one value; a list flag may be repeated or hold commas. */
export const list = (check: (value: string) => string) => (value: string, before: string[] | undefined) => [
  ...(before ?? []),
  ...value
    .split(',')
    .map((v) => v.trim())
    .filter(Boolean)
    .map(check),
];

export const text = (value: string) => {
  if (value === '') throw new InvalidArgumentError('it must not be empty.');
  return value;
};

export function url(value: string): string {
  if (!URL.canParse(value) || new URL(value).protocol !== 'https:') throw new InvalidArgumentError('it must be an https:// address.');
  return value;
}

export function oneOf(...allowed: string[]) {
  return (value: string) => {
    if (!allowed.includes(value)) throw new InvalidArgumentError(`it must be one of ${allowed.join(', ')}.`);
    return value;
  };
}

export const flag = (spec: string, description: string, parse?: (value: string, before: never) => unknown, initial?: unknown) => {
  const option = new Option(spec, description);
  if (parse) option.argParser(parse as (value: string, before: unknown) => never);
  if (initial !== undefined) option.default(initial);
  return option;
};
