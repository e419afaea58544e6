import type { CelValue } from './values.ts';

/** The macros that loop, by their names in expressions. */
export type FoldMacro =
  | 'all'
  | 'exists'
  | 'exists_one'
  | 'map'
  | 'filter'
  | 'transformList'
  | 'transformMap'
  | 'transformMapEntry'
  | 'sortBy';

export interface Entry {
  readonly key: Expr;
  readonly value: Expr;
  /** `{?key: value}`: left out when the value is none. */
  readonly optional: boolean;
}
export interface FieldInit {
  readonly name: string;
  readonly value: Expr;
  readonly optional: boolean;
}

/** `at`: offset of the operator, dot or name in the source, where messages point. */
export type Expr = { readonly at: number } & (
  | { readonly is: 'const'; readonly value: CelValue }
  | { readonly is: 'ident'; readonly name: string }
  | { readonly is: 'select'; readonly operand: Expr; readonly field: string; readonly optional: boolean }
  | { readonly is: 'has'; readonly operand: Expr; readonly field: string }
  /** Operators are calls of `_+_`, `!_`, `_[_]`, `_[?_]`, `@in`. */
  | { readonly is: 'call'; readonly name: string; readonly target?: Expr; readonly args: readonly Expr[] }
  | { readonly is: 'logic'; readonly op: '&&' | '||'; readonly left: Expr; readonly right: Expr }
  | { readonly is: 'ternary'; readonly condition: Expr; readonly yes: Expr; readonly no: Expr }
  | { readonly is: 'list'; readonly items: readonly { readonly value: Expr; readonly optional: boolean }[] }
  | { readonly is: 'map'; readonly entries: readonly Entry[] }
  | { readonly is: 'struct'; readonly name: string; readonly fields: readonly FieldInit[] }
  | {
      readonly is: 'fold';
      readonly macro: FoldMacro;
      readonly range: Expr;
      /** One name, or index or key and value. */
      readonly variables: readonly string[];
      readonly filter?: Expr;
      readonly body: Expr;
    }
  /** `cel.bind(v, value, e)`. */
  | { readonly is: 'bind'; readonly variable: string; readonly value: Expr; readonly body: Expr }
  /** `x.optMap(v, e)` and `x.optFlatMap(v, e)`. */
  | { readonly is: 'optMap'; readonly operand: Expr; readonly variable: string; readonly body: Expr; readonly flat: boolean }
);
