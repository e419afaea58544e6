import { type ASTNode, Environment, ParseError } from '@marcbachmann/cel-js';
import type { Entry, Expr, FoldMacro } from './ast.ts';
import { type Desugared, desugar } from './desugar.ts';
import { compileError } from './errors.ts';
import { Double, MAX_INT, Uint } from './values.ts';

const environment = new Environment({
  enableOptionalTypes: true,
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 100_000, maxDepth: 250, maxListElements: 10_000, maxMapEntries: 10_000, maxCallArguments: 64 },
});

/** What cel-go says where the parser that we use has words of its own. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^invalid variable argument$/, 'cel.bind() variable names must be simple identifiers'],
  [/^(?:map|filter)\(.* invalid predicate iteration variable$/, 'argument is not an identifier'],
  [/^.*invalid predicate iteration variable$/, 'argument must be a simple name'],
  [/^Reserved identifier: (.*)$/, 'reserved identifier: $1'],
  [/^Invalid integer: .*$/, 'invalid uint literal'],
];

const TOKEN = /[A-Za-z_]\w*|\d[\w.]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|&&|\|\||[<>=!]=|[\s\S]|$/y;
const OPERAND = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

/** `at`: where in the text the parser stopped. */
function wordsFor(summary: string, text: string, at: number): string {
  const found = WORDS.find(([pattern]) => pattern.test(summary));
  if (found) return summary.replace(found[0], found[1]);
  TOKEN.lastIndex = at;
  const token = TOKEN.exec(text)?.[0] || '<EOF>';
  if (summary.startsWith('Unexpected token: ')) return `Syntax error: mismatched input '${token}' expecting ${OPERAND}`;
  if (summary.startsWith("Unexpected character: '")) return `Syntax error: extraneous input '${token}' expecting <EOF>`;
  return `Syntax error: ${summary}`;
}

/** Reads an expression. Throws CelError `compile`. `binds`: `cel.bind` is a macro. */
export function parse(source: string, { binds = false } = {}): Expr {
  const desugared = desugar(source);
  try {
    return new Reader(source, desugared, binds).read(environment.parse(desugared.text).ast);
  } catch (e) {
    if (!(e instanceof ParseError)) throw e;
    throw compileError(source, desugared.sourceOffset(e.range?.start ?? 0), wordsFor(e.summary, desugared.text, e.range?.start ?? 0));
  }
}

const FOLDS: Readonly<Record<string, readonly number[]>> = {
  all: [2, 3],
  exists: [2, 3],
  exists_one: [2, 3],
  existsOne: [3],
  map: [2, 3],
  filter: [2],
  sortBy: [2],
  transformList: [3, 4],
  transformMap: [3, 4],
  transformMapEntry: [3, 4],
};
const BINARY = new Set(['==', '!=', '<', '<=', '>', '>=', '+', '-', '*', '/', '%', 'in']);

/** What cel-go's loops keep their results in. */
const ACCUMULATOR = '__result__';
const SORTABLE: ReadonlySet<string> = new Set(['list', 'id', 'call', 'rcall', '.', '.?', '[]', '[?]']);

/** From the parser's tree to ours: macros are recognised here, constants are made values. */
class Reader {
  readonly #source: string;
  readonly #desugared: Desugared;
  readonly #binds: boolean;

  constructor(source: string, desugared: Desugared, binds: boolean) {
    this.#source = source;
    this.#desugared = desugared;
    this.#binds = binds;
  }

  read(node: ASTNode): Expr {
    const at = this.#at(node.start);
    switch (node.op) {
      case 'value':
        return { at, is: 'const', value: this.#constant(node, node.args) };
      case 'id':
        return { at, is: 'ident', name: node.args };
      case '.':
      case '.?':
        return {
          at: this.#at(this.#desugared.text.lastIndexOf('.', node.pos)),
          is: 'select',
          operand: this.read(node.args[0]),
          field: node.args[1],
          optional: node.op === '.?',
        };
      case '[]':
      case '[?]':
        return this.#index(node.op, node.args[0], node.args[1]);
      case 'call':
        return this.#call(this.#after(node.start, '('), node.args[0], node.args[1]);
      case 'rcall':
        return this.#method(node.args[0], node.args[1], node.args[2]);
      case 'list':
        return { at, is: 'list', items: node.args.map((item) => ({ value: this.read(item), optional: this.#isOptional(item) })) };
      case 'map':
        return { at, is: 'map', entries: node.args.map(([key, value]) => this.#entry(key, value)) };
      case '?:': {
        const [condition, yes, no] = node.args;
        return {
          at: this.#after(condition.end, '?'),
          is: 'ternary',
          condition: this.read(condition),
          yes: this.read(yes),
          no: this.read(no),
        };
      }
      case '!_':
        return { at, is: 'call', name: '!_', args: [this.read(node.args)] };
      case '-_':
        return this.#minus(at, node.args);
      case '&&':
      case '||':
        return {
          at: this.#after(node.args[0].end, node.op),
          is: 'logic',
          op: node.op,
          left: this.read(node.args[0]),
          right: this.read(node.args[1]),
        };
      default:
        return this.#binary(node);
    }
  }

  #binary(node: ASTNode): Expr {
    if (!BINARY.has(node.op) || !Array.isArray(node.args)) throw this.#error(node.start, `Syntax error: unexpected '${node.op}'`);
    const [left, right] = node.args as [ASTNode, ASTNode];
    const name = node.op === 'in' ? '@in' : `_${node.op}_`;
    return { at: this.#after(left.end, node.op), is: 'call', name, args: [this.read(left), this.read(right)] };
  }

  #minus(at: number, operand: ASTNode): Expr {
    if (operand.op === 'value') {
      const { args: value } = operand;
      if (typeof value === 'bigint' && value <= MAX_INT + 1n) return { at, is: 'const', value: -value };
      if (typeof value === 'number') return { at, is: 'const', value: new Double(-value) };
    }
    return { at, is: 'call', name: '-_', args: [this.read(operand)] };
  }

  #constant(node: ASTNode, value: unknown): unknown {
    if (typeof value === 'number') return new Double(value);
    if (typeof value === 'bigint') {
      if (value > MAX_INT) throw this.#error(node.start, 'invalid int literal');
      return value;
    }
    if (value instanceof Uint8Array) return this.#bytes(node, value);
    if (typeof value === 'object' && value !== null && 'value' in value && typeof value.value === 'bigint') return new Uint(value.value);
    return value;
  }

  /** The parser keeps the low byte of characters beyond ASCII; they are UTF-8 in bytes literals. */
  #bytes(node: ASTNode, value: Uint8Array): Uint8Array {
    const text = this.#desugared.text.slice(node.start, node.end);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what is not ASCII is meant
    if (/^[\x00-\x7f]*$/.test(text) || text.includes('\\')) return value;
    const quotes = /^[bB](?:"""|'''|"|')/.exec(text)?.[0].length ?? 2;
    return new TextEncoder().encode(text.slice(quotes, 1 - quotes));
  }

  #index(op: '[]' | '[?]', operand: ASTNode, index: ASTNode): Expr {
    const bracket = this.#desugared.text.lastIndexOf('[', index.start);
    if (index.op === 'map' && this.#desugared.messages.has(index.start - 1)) return this.#message(operand, index.args, index.start);
    return { at: this.#at(bracket), is: 'call', name: op === '[]' ? '_[_]' : '_[?_]', args: [this.read(operand), this.read(index)] };
  }

  #message(operand: ASTNode, entries: readonly (readonly [ASTNode, ASTNode])[], brace: number): Expr {
    const fields = entries.map(([key, value]) => {
      if (key.op !== 'id') throw this.#error(key.start, 'Syntax error: expected a field name');
      return { name: key.args, value: this.read(value), optional: this.#isOptional(key) };
    });
    return { at: this.#at(brace), is: 'struct', name: this.#path(operand), fields };
  }

  #path(node: ASTNode): string {
    if (node.op === 'id') return node.args;
    if (node.op === '.') return `${this.#path(node.args[0])}.${node.args[1]}`;
    throw this.#error(node.start, 'Syntax error: expected the name of a type');
  }

  #entry(key: ASTNode, value: ASTNode): Entry {
    return { key: this.read(key), value: this.read(value), optional: this.#isOptional(key) };
  }

  #call(at: number, name: string, args: readonly ASTNode[]): Expr {
    const [first] = args;
    if (name !== 'has' || args.length !== 1 || !first) return { at, is: 'call', name, args: args.map((arg) => this.read(arg)) };
    const argument = this.read(first);
    if (argument.is !== 'select') throw compileError(this.#source, argument.at, 'invalid argument to has() macro');
    return { at, is: 'has', operand: argument.operand, field: argument.field };
  }

  #method(name: string, receiver: ASTNode, args: readonly ASTNode[]): Expr {
    const at = this.#after(this.#desugared.text.indexOf(name, receiver.end), '(');
    if (FOLDS[name]?.includes(args.length)) return this.#fold(at, name, receiver, args);
    const [first, second, third] = args;
    if (
      this.#binds &&
      name === 'bind' &&
      receiver.op === 'id' &&
      receiver.args === 'cel' &&
      args.length === 3 &&
      first &&
      second &&
      third
    ) {
      return { at, is: 'bind', variable: this.#variable(first), value: this.read(second), body: this.read(third) };
    }
    if ((name === 'optMap' || name === 'optFlatMap') && args.length === 2 && first && second) {
      const variable = this.#variable(first);
      return { at, is: 'optMap', operand: this.read(receiver), variable, body: this.read(second), flat: name === 'optFlatMap' };
    }
    const read = args.map((arg) => this.read(arg));
    return { at, is: 'call', name, target: this.read(receiver), args: name === 'format' ? read.map(untyped) : read };
  }

  /** `map(v, e)`, `map(v, filter, e)`, `all(v, e)`, `all(i, v, e)`, `transformList(i, v, filter?, e)`. */
  #fold(at: number, name: string, receiver: ASTNode, args: readonly ASTNode[]): Expr {
    const macro = (name === 'existsOne' ? 'exists_one' : name) as FoldMacro;
    const names = macro.startsWith('transform') || (args.length === 3 && macro !== 'map') ? 2 : 1;
    const variables = args.slice(0, names).map((arg) => this.#variable(arg));
    this.#checkVariables(args, variables);
    if (macro === 'sortBy' && !SORTABLE.has(receiver.op)) {
      throw this.#error(receiver.start, 'sortBy can only be applied to a list, identifier, comprehension, call or select expression');
    }
    const rest = args.slice(names).map((arg) => this.read(arg));
    const body = rest.at(-1);
    if (!body) throw this.#error(receiver.start, `invalid arguments to ${name}() macro`);
    const range = this.read(receiver);
    const [variable = ''] = variables;
    if (macro === 'filter')
      return { at, is: 'fold', macro, range, variables, filter: body, body: { at: body.at, is: 'ident', name: variable } };
    return { at, is: 'fold', macro, range, variables, body, ...(rest.length === 2 && rest[0] && { filter: rest[0] }) };
  }

  #checkVariables(args: readonly ASTNode[], [first, second]: readonly string[]): void {
    if (first === second && args[1]) throw this.#error(args[1].start, `duplicate variable name: ${first}`);
    const taken = [first, second].indexOf(ACCUMULATOR);
    if (taken >= 0) throw this.#error(args[taken]?.start ?? 0, 'iteration variable overwrites accumulator variable');
  }

  #variable(node: ASTNode): string {
    if (node.op === 'id') return node.args;
    throw this.#error(node.start, 'argument must be a simple name');
  }

  #isOptional(node: ASTNode): boolean {
    return this.#desugared.optionals.has(node.start);
  }

  #at(offset: number): number {
    return this.#desugared.sourceOffset(offset);
  }

  #after(offset: number, text: string): number {
    return this.#at(Math.max(offset, this.#desugared.text.indexOf(text, offset)));
  }

  #error(offset: number, message: string): Error {
    return compileError(this.#source, this.#at(offset), message);
  }
}

/** What is formatted may be of any types: elsewhere, the items of a list are of one. */
function untyped(expr: Expr): Expr {
  const dyn = (value: Expr): Expr => ({ at: value.at, is: 'call', name: 'dyn', args: [untyped(value)] });
  if (expr.is === 'call' && expr.name === 'dyn') return { ...expr, args: expr.args.map(untyped) };
  if (expr.is === 'list') return { ...expr, items: expr.items.map((item) => ({ ...item, value: dyn(item.value) })) };
  if (expr.is === 'map')
    return { ...expr, entries: expr.entries.map((entry) => ({ ...entry, key: dyn(entry.key), value: dyn(entry.value) })) };
  return expr;
}
