import { type Assertion, type CodePointTest, type Node, RegexError } from './syntax.ts';

/** `split` prefers its first way. */
export type Instruction =
  | { op: 'one'; test: CodePointTest; next: number }
  | { op: 'assert'; assertion: Assertion; next: number }
  | { op: 'split'; first: number; second: number }
  | { op: 'match' };

const MAX_INSTRUCTIONS = 10_000;

/** A program for a machine that follows all ways at once; it ends in instruction 0, `match`. */
export function compileNode(node: Node): { readonly instructions: readonly Instruction[]; readonly start: number } {
  const instructions: Instruction[] = [{ op: 'match' }];
  const emit = (instruction: Instruction): number => {
    if (instructions.length >= MAX_INSTRUCTIONS) throw new RegexError('error parsing regexp: expression too large');
    return instructions.push(instruction) - 1;
  };
  const split = (first: number, second: number, lazy: boolean) =>
    emit(lazy ? { op: 'split', first: second, second: first } : { op: 'split', first, second });

  /** Compiles back to front: `next` is what follows. */
  const write = (part: Node, next: number): number => {
    switch (part.is) {
      case 'empty':
        return next;
      case 'one':
        return emit({ op: 'one', test: part.test, next });
      case 'assert':
        return emit({ op: 'assert', assertion: part.assertion, next });
      case 'sequence':
        return part.nodes.reduceRight((after, child) => write(child, after), next);
      case 'choice':
        return part.nodes
          .map((child) => write(child, next))
          .reduceRight((others, way) => emit({ op: 'split', first: way, second: others }));
      case 'repeat':
        return writeRepeat(part, next);
    }
  };

  const writeRepeat = ({ node: child, min, max, lazy }: Node & { is: 'repeat' }, next: number): number => {
    let after = next;
    if (max === Infinity) {
      const loop = emit({ op: 'split', first: 0, second: 0 });
      const body = write(child, loop);
      instructions[loop] = lazy ? { op: 'split', first: next, second: body } : { op: 'split', first: body, second: next };
      after = loop;
    } else {
      for (let i = min; i < max; i++) after = split(write(child, after), next, lazy);
    }
    for (let i = 0; i < min; i++) after = write(child, after);
    return after;
  };
  return { start: write(node, 0), instructions };
}
