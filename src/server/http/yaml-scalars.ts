import type { ScalarTag } from 'yaml';
import { exactInteger } from '../../base/exact-json.ts';

/**
 * Scalars without quotes as Go's yaml package reads them, which is YAML 1.1 but for times and numbers to the base of 60 (go.yaml.in/yaml/v2, resolve.go): `yes` and `n` are booleans,
 * `0644` is octal. What fits nothing is text.
 */

const tagOf = (type: string) => ({ default: true, tag: `tag:yaml.org,2002:${type}` }) as const;

const nothing: ScalarTag = { ...tagOf('null'), test: /^(?:~|null|Null|NULL)?$/, resolve: () => null };

const YES = /^(?:[yY]|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const bool: ScalarTag = {
  ...tagOf('bool'),
  test: /^(?:[yYnN]|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
  resolve: (text) => YES.test(text),
};

const UINT64_END = 2n ** 64n;
const DECIMAL = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;

const int: ScalarTag = {
  ...tagOf('int'),
  test: /^[-+]?\d(?:[\d_]*|[xX][\da-fA-F_]+|[oO][0-7_]+|[bB][01_]+)$/,
  resolve(text) {
    const [, sign = '', digits = ''] = /^([-+]?)(.*)$/.exec(text.replaceAll('_', '')) ?? [];
    // What begins with a zero is octal; eights and nines make a double of it.
    const isOctal = /^0[0-7]+$/.test(digits);
    if (/^0\d/.test(digits) && !isOctal) return Number(digits) * (sign === '-' ? -1 : 1);
    const size = BigInt(isOctal ? `0o${digits}` : digits.toLowerCase());
    const value = sign === '-' ? -size : size;
    const exact = exactInteger(value);
    if (exact !== undefined) return exact;
    return (value >= 0n && value < UINT64_END) || DECIMAL.test(digits) ? Number(value) : text;
  },
};

const float: ScalarTag = {
  ...tagOf('float'),
  test: /^(?:\.\d+(?:[eE][-+]?\d+)?|[-+]?(?:\.[\d_]+|\d[\d_]*(?:\.[\d_]*)?)(?:[eE][-+]?[\d_]+)?)$/,
  resolve(text) {
    const plain = text.replaceAll('_', '');
    const value = Number(plain);
    return DECIMAL.test(plain) && Number.isFinite(value) ? value : text;
  },
};

const unlimited: ScalarTag = {
  ...tagOf('float'),
  test: /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  resolve(text, onError) {
    const value = /nan/i.test(text) ? 'NaN' : text.startsWith('-') ? '-Inf' : '+Inf';
    onError(`json: unsupported value: ${value}`);
    return text;
  },
};

/** `!!binary`: what is asked for by name alone. */
const binary: ScalarTag = {
  tag: 'tag:yaml.org,2002:binary',
  resolve: (text) => Buffer.from(text, 'base64').toString('utf8'),
};

export const GO_SCALARS: readonly ScalarTag[] = [nothing, bool, int, float, unlimited, binary];
