/**
 * `$(NAME)` references in env values, command and args (Kubernetes, "Define Dependent Environment Variables"): `$$` is a
 * dollar sign, an unknown name stays as it is written.
 */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) => (name === undefined ? '$' : (lookup(name) ?? whole)));
}
