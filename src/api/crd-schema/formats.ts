import { goDurationNanos } from '../../base/go-duration.ts';
import { isIp } from '../meta/addresses.ts';
import { dns1123LabelFindings, dns1123SubdomainFindings } from '../meta/names.ts';

type Format = (text: string) => boolean;

const matches =
  (pattern: RegExp): Format =>
  (text) =>
    pattern.test(text);
/** Upstream reads addresses as it always has: `010` is ten. */
const isSloppyIp: Format = (text) => isIp(text.replace(/(?<![\da-f])0+(?=\d+\.)|(?<=\.)0+(?=\d)/gi, ''));
const isIpv4: Format = (text) => text.includes('.') && isSloppyIp(text);
const isIpv6: Format = (text) => text.includes(':') && isSloppyIp(text);
const HEX = '[0-9a-f]';
const uuid = (third: string, fourth: string) => matches(new RegExp(`^${HEX}{8}-?${HEX}{4}-?${third}-?${fourth}-?${HEX}{12}$`, 'i'));
const anyFour = `${HEX}{4}`;
const variant = `[89ab]${HEX}{3}`;

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
function isDate(text: string): boolean {
  if (!DATE.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

const DATE_TIME = /^(\d{4}-\d{2}-\d{2})[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const isDateTime: Format = (text) => isDate(DATE_TIME.exec(text)?.[1] ?? '');

/** A number and a unit, anywhere; of the long names of units, the beginning counts. */
const WORD_DURATION = /\d+\s*(?:(?:ns|us|µs|ms|s|m|h|hr|d|w|wk)(?![A-Za-zµ])|nano|micro|milli|sec|min|hour|day|week)/i;

function isCidr(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/');
  return rest.length === 0 && isSloppyIp(address) && /^\d{1,3}$/.test(bits) && Number(bits) <= (address.includes(':') ? 128 : 32);
}

const HOSTNAME =
  /^(?:[a-zA-Z0-9\p{S}\p{L}](?:-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?|(?:[a-zA-Z0-9\p{S}\p{L}](?:[-a-zA-Z0-9\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?\.)+[a-zA-Z\p{L}]{2,63})$/u;

/** One name, or several of which the last is letters: labels of at most 63 bytes, 255 in all. Letters and symbols of any script will do. */
const isHostname: Format = (text) => HOSTNAME.test(text) && bytesOf(text) <= 255 && text.split('.').every((label) => bytesOf(label) <= 63);
const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

const sumOf = (digits: string, weight: (index: number) => number) =>
  [...digits].reduce((sum, digit, index) => sum + (digit === 'X' ? 10 : Number(digit)) * weight(index), 0);
function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '');
  return /^\d{9}[\dX]$/.test(digits) && sumOf(digits, (i) => 10 - i) % 11 === 0;
}
function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '');
  return /^97[89]\d{10}$/.test(digits) && sumOf(digits, (i) => (i % 2 === 0 ? 1 : 3)) % 10 === 0;
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/\D+/g, '');
  const shape =
    /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/;
  if (!shape.test(digits)) return false;
  const doubled = [...digits].reverse().map((digit, i) => (i % 2 === 0 ? Number(digit) : Number(digit) * 2 - (Number(digit) > 4 ? 9 : 0)));
  return doubled.reduce((sum, digit) => sum + digit, 0) % 10 === 0;
}

/** net/url's ParseRequestURI: an absolute URI, or an absolute path. */
const isUri: Format = (text) =>
  !/[\s\p{Cc}]|%(?![0-9a-f]{2})/iu.test(text) &&
  (text.startsWith('/') || /^[a-zA-Z][a-zA-Z0-9+.-]*:(?!\/\/[^/?#]*\[[^\]/?#]*(?:[/?#]|$))/.test(text));
const isEmail = matches(/^(?:[^<>]*<)?[^\s@<>]+@[^\s@<>]+>?$/);

/** Formats of strings that are checked; others are ignored, as upstream does. Names without hyphens (`date-time` is `datetime`). */
const FORMATS: Readonly<Record<string, Format>> = {
  bsonobjectid: matches(/^[0-9a-f]{24}$/i),
  byte: matches(/^(?!$)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
  cidr: isCidr,
  creditcard: isCreditCard,
  date: isDate,
  datetime: isDateTime,
  duration: (text) => goDurationNanos(text) !== undefined || WORD_DURATION.test(text),
  email: isEmail,
  hexcolor: matches(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  hostname: isHostname,
  ipv4: isIpv4,
  ipv6: isIpv6,
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  k8slongname: (text) => dns1123SubdomainFindings(text).length === 0,
  k8sshortname: (text) => dns1123LabelFindings(text).length === 0,
  mac: matches(
    /^([0-9a-f]{2}([:-])([0-9a-f]{2}\2){4}([0-9a-f]{2})((\2[0-9a-f]{2}){2})?((\2[0-9a-f]{2}){12})?|([0-9a-f]{4}\.){2}[0-9a-f]{4}|[0-9a-f]{12}|[0-9a-f]{16}|[0-9a-f]{40})$/i,
  ),
  password: () => true,
  rgbcolor: matches(
    /^rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)$/,
  ),
  ssn: matches(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  uri: isUri,
  uuid: uuid(anyFour, anyFour),
  uuid3: uuid(`3${HEX}{3}`, anyFour),
  uuid4: uuid(`4${HEX}{3}`, variant),
  uuid5: uuid(`5${HEX}{3}`, variant),
};

/** undefined: this format is not checked. */
export function stringFormat(format: string): Format | undefined {
  const name = format.replaceAll('-', '');
  return Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
}

/** Formats that say something about values of the type; upstream warns about others. */
export function isKnownFormat(type: string, format: string): boolean {
  if (type === '' || type === 'string') return stringFormat(format) !== undefined;
  if (type === 'integer') return format === 'int32' || format === 'int64';
  return type === 'number' && (format === 'float' || format === 'double');
}
