import type { Expr } from './ast.ts';
import { Meter, PER_CALL_LIMIT } from './budget.ts';
import { CelError } from './errors.ts';
import { FORMAT_CLAUSES, readTemplate } from './library/format-text.ts';
import { compileCelRegex } from './library/regex.ts';
import type { Frame, Plan, Planner } from './plan.ts';
import { isDyn, kindOfType } from './types.ts';

type Call = Expr & { is: 'call' };

/** What is written out is run without anything to refer to. */
export const nowhere = (): Frame => ({ bindings: {}, slots: [], meter: new Meter(PER_CALL_LIMIT) });

/** Times, patterns and templates that are written out must be some. Source: cel-go's validators, as Kubernetes sets them. */
export function checkLiterals(planner: Planner, call: Call, plans: readonly Plan[], run: Plan['run']): void {
  const { name, target, args } = call;
  const [first] = args;
  if (name === 'format' && target?.is === 'const' && first?.is === 'list') checkFormat(planner, call, plans[1]);
  else if (first?.is !== 'const') return;
  else if (name === 'matches') checkArgument(planner, name, first, () => compileCelRegex(first.value as string));
  else if ((name === 'duration' || name === 'timestamp') && plans.length === 1) checkArgument(planner, name, first, () => run(nowhere()));
}

function checkArgument(planner: Planner, name: string, argument: Expr, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    planner.issues.literals.push(planner.error(argument.at, `invalid ${name} argument`));
  }
}

function checkFormat(planner: Planner, { at, target, args }: Call, list: Plan | undefined): void {
  const template = target?.is === 'const' ? target.value : undefined;
  if (typeof template !== 'string' || !list) return;
  const values = partsOf(args[0], list);
  const refuse = (place: number, message: string): void => void planner.issues.literals.push(planner.error(place, message));
  try {
    const { clauses } = readTemplate(template, values.length, ({ letter }, index) => {
      const wrong = misfit(values[index], letter);
      if (wrong) throw new Misfit(wrong.at, `error during formatting: ${FORMAT_CLAUSES[letter]?.wants}, was given ${wrong.kind}`);
      return '';
    });
    if (values.length > clauses) refuse(at, `too many arguments supplied to string.format (expected ${clauses}, got ${values.length})`);
  } catch (error) {
    if (error instanceof Misfit) refuse(error.at, error.message);
    else if (error instanceof CelError) refuse(at, error.message);
    else throw error;
  }
}

interface Part {
  readonly expr: Expr;
  readonly plan: Plan;
}

/** What a list or a map holds; the parser hides the types of all that is formatted behind `dyn`, and here they are seen. */
function partsOf(expr: Expr | undefined, plan: Plan): Part[] {
  const exprs =
    expr?.is === 'list'
      ? expr.items.map(({ value }) => value)
      : expr?.is === 'map'
        ? [...expr.entries.map(({ key }) => key), ...expr.entries.map(({ value }) => value)]
        : [];
  return exprs.flatMap((hidden, i) => {
    const seen = plan.inside?.[i]?.inside?.[0];
    return seen && hidden.is === 'call' && hidden.args[0] ? [{ expr: hidden.args[0], plan: seen }] : [];
  });
}

/** The first part that a clause does not take. */
function misfit(part: Part | undefined, letter: string): { at: number; kind: string } | undefined {
  if (!part) return undefined;
  const { expr, plan } = part;
  const kind = kindOfType(plan.type);
  if (!isDyn(plan.type) && !FORMAT_CLAUSES[letter]?.takes.has(kind)) return { at: expr.at, kind };
  if (letter !== 's') return undefined;
  for (const inner of partsOf(expr, plan)) {
    const wrong = misfit(inner, letter);
    if (wrong) return wrong;
  }
  return undefined;
}

/** An argument that its clause does not take. */
class Misfit extends Error {
  readonly at: number;
  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}
