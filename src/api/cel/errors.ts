/**
 * `compile`: the expression is wrong. `type`: it evaluates to another type than is wanted. `runtime`: it met values that it cannot handle (`no such key: x`), before it is
 * run at all where all of them are written out. `budget`: it cost more than allowed.
 */
export type CelErrorReason = 'compile' | 'type' | 'runtime' | 'budget';

/** What a CEL expression ends with when it has no value. The message is in cel-go's words. */
export class CelError extends Error {
  override readonly name = 'CelError';
  readonly reason: CelErrorReason;
  /** Where in the source something is wrong. */
  readonly offset: number;

  constructor(reason: CelErrorReason, message: string, offset = 0) {
    super(message);
    this.reason = reason;
    this.offset = offset;
  }
}

export const runtimeError = (message: string): CelError => new CelError('runtime', message);
export const noSuchOverload = (): CelError => runtimeError('no such overload');

/** `||`, `&&`, `all` and `exists` may have an answer in spite of such an error on one side. */
export const isAbsorbable = (e: unknown): e is CelError => e instanceof CelError && e.reason === 'runtime';

/** `ERROR: <input>:1:5: message`, the line and a mark below it, as cel-go prints issues. `offset` counts UTF-16 units of `source`. */
export function compileError(source: string, offset: number, message: string): CelError {
  const before = source.slice(0, offset);
  const line = before.split('\n').length;
  const column = [...before.slice(before.lastIndexOf('\n') + 1)].length;
  const text = source.split('\n')[line - 1] ?? '';
  return new CelError('compile', `ERROR: <input>:${line}:${column + 1}: ${message}\n | ${text}\n | ${'.'.repeat(column)}^`, offset);
}
