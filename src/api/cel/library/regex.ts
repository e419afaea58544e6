import { compileRegex, type Regex, RegexError } from '../../../base/re2/regex.ts';
import { CelError, runtimeError } from '../errors.ts';

/** Throws CelError. */
export function compileCelRegex(pattern: string): Regex {
  try {
    return compileRegex(pattern);
  } catch (e) {
    if (e instanceof RegexError) throw runtimeError(e.message);
    throw e;
  }
}

/** What a search finds. Throws CelError; `budget` for one that takes too long. */
export function search<T>(pattern: string, use: (regex: Regex) => T): T {
  const regex = compileCelRegex(pattern);
  try {
    return use(regex);
  } catch (e) {
    if (e instanceof RegexError) throw new CelError('budget', 'operation cancelled: actual cost limit exceeded');
    throw e;
  }
}
