import { compileRegex, type Regex, RegexError } from '../../../base/re2/regex.ts';
import { runtimeError } from '../errors.ts';

/** Throws CelError. */
export function compileCelRegex(pattern: string): Regex {
  try {
    return compileRegex(pattern);
  } catch (e) {
    if (e instanceof RegexError) throw runtimeError(e.message);
    throw e;
  }
}
