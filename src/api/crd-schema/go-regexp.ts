const POSIX: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** Compiles a pattern of Go's syntax (RE2), which schemas are written in. Throws SyntaxError for what JavaScript cannot read either way. */
export function goRegExp(pattern: string): RegExp {
  const { source, flags } = translate(pattern);
  try {
    return new RegExp(source, `${flags}u`);
  } catch {
    // The Unicode mode refuses escapes that Go allows (`\-`, `\_`).
    return new RegExp(source, flags);
  }
}

function translate(pattern: string): { source: string; flags: string } {
  const leading = /^\(\?([imsU]+)\)/.exec(pattern);
  const flags = [...new Set(leading?.[1]?.replace('U', '') ?? '')].join('');
  const source = pattern
    .slice(leading?.[0].length ?? 0)
    .replace(/\[:(\^?)(\w+):\]/g, (whole, negated: string, name: string) => (negated ? whole : (POSIX[name] ?? whole)))
    .replace(/\(\?P</g, '(?<')
    .replace(/(\\\\)|\\([Az])|\\p([A-Z])(?![a-z{])|\\Q(.*?)(?:\\E|$)/g, (whole, escaped, anchor, category, quoted) => {
      if (escaped) return whole;
      if (anchor) return anchor === 'A' ? '^' : '$';
      if (category) return `\\p{${category}}`;
      return String(quoted).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    });
  return { source, flags };
}
