import {
  type Estimate,
  either,
  eitherEntries,
  exactly,
  plus,
  product,
  type Size,
  type SizeAt,
  share,
  sizeIn,
  sizeOfPlace,
  sumOf,
  times,
  UNKNOWN,
} from './estimate.ts';
import { type CelType, isNamed, showType } from './types.ts';

/** One argument of a call; the receiver of a method is the first. */
export interface Argument {
  readonly type: CelType;
  readonly estimate: Estimate;
  /** Its value, when it is written out as a whole number. */
  readonly literal: number | undefined;
}

export interface EstimatedCall {
  readonly name: string;
  readonly isMethod: boolean;
  readonly args: readonly Argument[];
  /** What the receiver and the arguments are by the signature. */
  readonly params: readonly CelType[];
  readonly sizeAt: SizeAt;
}

interface CallEstimate {
  readonly cost: number;
  readonly size?: Size;
}

/** cel-go: what passing over a character, and over a character of a regular expression, costs. */
const TRAVERSAL = 0.1;
const REGEX = 0.25;
/** Kubernetes takes patterns of named formats to be this long. */
const FORMAT_PATTERN = 128;
const MAX_FORMAT = 64;
const LIST_COST = 10;
const MAX_ADDRESS_BYTES = 16;
/** Two checks an expression, no more. */
const AUTHORIZATION_CHECK = 350_000;

/** What a call costs without its arguments, over all signatures that it may turn out to have. */
export function estimateCall(calls: readonly EstimatedCall[], type: CelType): Estimate {
  const [first] = calls;
  const args = first?.args ?? [];
  const found = calls.map(estimateOne);
  const sizes = found.flatMap(({ size }) => (size ? [size] : []));
  const cost = Math.max(...found.map((each) => each.cost));
  return {
    cost: cost + sumOf(args.map(({ estimate }) => estimate)),
    size: sizes.length > 0 ? sizes.reduce(either) : sizeOfPlace([], type, () => undefined, undefined),
    entries: first?.name === '_+_' ? eitherEntries(args[0]?.estimate.entries, args[1]?.estimate.entries) : undefined,
    path: [],
  };
}

/** Kubernetes' estimates are by name, cel-go's own by signature; all else costs one. */
const estimateOne = (call: EstimatedCall): CallEstimate => {
  const estimator = call.isMethod ? METHODS.get(call.name) : FUNCTIONS.get(call.name);
  return estimator?.(call) ?? { cost: 1 };
};

const argument = ({ args }: EstimatedCall, i: number): Size => {
  const arg = args[i];
  return arg ? sizeIn(arg.estimate) : UNKNOWN;
};
const traversed = (size: Size): number => share(size.max, TRAVERSAL);
const isText = (type: CelType | undefined): boolean => type !== undefined && (isNamed(type, 'string') || isNamed(type, 'bytes'));

const traverses =
  (i: number, passes = 1) =>
  (call: EstimatedCall): CallEstimate => ({ cost: share(argument(call, i).max, passes * TRAVERSAL) });
const keepsSize = (call: EstimatedCall): CallEstimate => ({ cost: traversed(argument(call, 0)), size: argument(call, 0) });
const constant = (): CallEstimate => ({ cost: 1 });

const matches = (call: EstimatedCall): number => times(share(1 + argument(call, 0).max, TRAVERSAL), share(argument(call, 1).max, REGEX));
const finds = (call: EstimatedCall): CallEstimate => ({ cost: matches(call), size: { min: 0, max: argument(call, 0).max } });

function compares(call: EstimatedCall): CallEstimate {
  return { cost: share(Math.min(argument(call, 0).max, argument(call, 1).max), TRAVERSAL) };
}

/** Of texts and bytes; numbers and times cost one. */
const comparesTexts = (call: EstimatedCall): CallEstimate => (isText(call.params[0]) ? compares(call) : constant());

function equals(call: EstimatedCall): CallEstimate {
  const [a, b] = call.args.map(({ type }) => showType(type));
  if (a === undefined || a !== b) return compares(call);
  if (CONSTANT_EQUALITY.has(a)) return constant();
  if (a === 'kubernetes.NamedFormat') return { cost: share(MAX_FORMAT, TRAVERSAL) };
  return a === 'kubernetes.URL' ? { cost: traversed(argument(call, 1)) } : compares(call);
}
const CONSTANT_EQUALITY = new Set(['net.IP', 'net.CIDR', 'kubernetes.Quantity', 'kubernetes.Semver']);

function adds(call: EstimatedCall): CallEstimate {
  const [type] = call.params;
  const isList = type?.is === 'list';
  if (!isList && !isText(type)) return constant();
  const size = plus(argument(call, 0), argument(call, 1));
  return { cost: isList ? 1 : traversed(size), size };
}

/** What the items of a list are by its declaration. */
function itemSize({ args, sizeAt }: EstimatedCall): Size {
  const path = args[0]?.estimate.path ?? [];
  const declared = path.length === 0 ? undefined : sizeAt([...path, '@items']);
  return declared === undefined ? UNKNOWN : { min: 0, max: declared };
}

function compareItems(call: EstimatedCall): CallEstimate {
  const { type } = call.args[0] ?? {};
  if (type?.is !== 'list') return { cost: traversed(argument(call, 0)) };
  return { cost: times(argument(call, 0).max, 1 + (isText(type.element) ? traversed(itemSize(call)) : 0)) };
}

/** How often the text may be found decides how large the result can be. */
function replaces(call: EstimatedCall): CallEstimate {
  const [text, old, by] = [argument(call, 0), argument(call, 1), argument(call, 2)];
  const most = old.min === 0 ? [text.max + 1, text.max] : by.max <= old.min ? [0, text.max] : [Math.ceil(text.max / old.min), 0];
  const least = old.max === 0 ? [text.min + 1, text.min] : old.max <= by.min ? [0, text.min] : [Math.ceil(text.min / old.max), 0];
  const grown = ([count = 0, kept = 0]: readonly number[], each: number) => times(count, each) + kept;
  return { cost: share(text.max, 2 * TRAVERSAL), size: { min: grown(least, by.min), max: grown(most, by.max) } };
}

function splits(call: EstimatedCall): CallEstimate {
  const { max } = argument(call, 0);
  return { cost: share(max, 2 * TRAVERSAL), size: { min: 0, max: call.args[2]?.literal ?? max } };
}

function joins(call: EstimatedCall): CallEstimate {
  const list = argument(call, 0);
  const between = { min: Math.max(0, list.min - 1), max: Math.max(0, list.max - 1) };
  const items = product(list, itemSize(call));
  const size = call.args.length > 1 ? plus(items, product(argument(call, 1), between)) : items;
  return { cost: traversed(size), size };
}

const addresses = (bytes: number) => share(bytes, TRAVERSAL);
const parsedArgument = (call: EstimatedCall): number => (isText(call.params[1]) ? traversed(argument(call, 1)) : 0);
const containsAddress = (call: EstimatedCall): CallEstimate => ({ cost: addresses(2 * MAX_ADDRESS_BYTES) + parsedArgument(call) });
const containsRange = (call: EstimatedCall): CallEstimate => ({
  cost: addresses(2 * MAX_ADDRESS_BYTES) + addresses(MAX_ADDRESS_BYTES) + 1 + parsedArgument(call),
});

const makesList = (factor: number, size: Size): CallEstimate => ({ cost: share(times(size.max, factor), 1) + 1 + LIST_COST, size });
const literal = ({ args }: EstimatedCall, i: number, otherwise: number): number => args[i]?.literal ?? otherwise;

function slices(call: EstimatedCall): CallEstimate {
  const from = literal(call, 1, 0);
  return makesList(1, exactly(Math.max(0, literal(call, 2, argument(call, 0).max) - from)));
}
const squared = (call: EstimatedCall): Size => product(argument(call, 0), argument(call, 0));
const sorts = (call: EstimatedCall): CallEstimate => {
  const type = call.params[0];
  return makesList(2 + (type?.is === 'list' && isText(type.element) ? TRAVERSAL : 0), squared(call));
};
const crosses =
  (factor: number) =>
  (call: EstimatedCall): CallEstimate => ({ cost: times(product(argument(call, 0), argument(call, 1)).max, factor) + 1 });

type Estimator = (call: EstimatedCall) => CallEstimate;

const METHODS = new Map<string, Estimator>([
  ['check', () => ({ cost: AUTHORIZATION_CHECK })],
  ...['isSorted', 'sum', 'max', 'min', 'indexOf', 'lastIndexOf'].map((name) => [name, compareItems] as const),
  ...['lowerAscii', 'upperAscii', 'substring', 'trim'].map((name) => [name, keepsSize] as const),
  ['contains', (call) => ({ cost: times(traversed(argument(call, 0)), traversed(argument(call, 1))) })],
  ['containsCIDR', containsRange],
  ['containsIP', containsAddress],
  ['distinct', (call) => makesList(2, squared(call))],
  ['endsWith', traverses(1)],
  ['find', finds],
  ['findAll', finds],
  ['flatten', (call) => makesList(call.args.length > 1 ? literal(call, 1, Number.POSITIVE_INFINITY) : 1, argument(call, 0))],
  ['format', traverses(0)],
  ['join', joins],
  ['matches', (call) => ({ cost: matches(call) })],
  ['replace', replaces],
  ['reverse', (call) => makesList(1, argument(call, 0))],
  ['slice', slices],
  ['sort', sorts],
  ['split', splits],
  ['startsWith', traverses(1)],
  ['validate', (call) => ({ cost: share(traversed(argument(call, 1)), FORMAT_PATTERN * REGEX) })],
]);

const FUNCTIONS = new Map<string, Estimator>([
  ['_==_', equals],
  ['_!=_', compares],
  ...['_<_', '_<=_', '_>_', '_>=_'].map((name) => [name, comparesTexts] as const),
  ['_+_', adds],
  ['@in', (call) => (call.params[1]?.is === 'list' ? { cost: argument(call, 1).max } : constant())],
  [
    'bytes',
    (call) => {
      const { min, max } = argument(call, 0);
      return isNamed(call.params[0] ?? ANY, 'string') ? { cost: traversed({ min, max }), size: { min, max: max * 4 } } : constant();
    },
  ],
  ...['cidr', 'ip', 'isCIDR', 'isIP', 'isQuantity', 'isSemver', 'quantity', 'semver'].map((name) => [name, traverses(0)] as const),
  ['ip.isCanonical', traverses(0, 2)],
  ['lists.range', (call) => makesList(1, exactly(literal(call, 0, Number.POSITIVE_INFINITY)))],
  ['sets.contains', crosses(1)],
  ['sets.equivalent', crosses(2)],
  ['sets.intersects', crosses(1)],
  [
    'string',
    (call) => {
      const { min, max } = argument(call, 0);
      return isNamed(call.params[0] ?? ANY, 'bytes')
        ? { cost: traversed({ min, max }), size: { min: Math.floor(min / 4), max } }
        : constant();
    },
  ],
  [
    'strings.quote',
    (call) => {
      const { min, max } = argument(call, 0);
      return { cost: traversed({ min, max }), size: { min: min + 2, max: max * 2 + 2 } };
    },
  ],
  ['url', keepsSize],
]);

const ANY: CelType = { is: 'named', name: 'dyn' };
