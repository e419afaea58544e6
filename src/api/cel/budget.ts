import { CelError } from './errors.ts';

/** What one evaluation may cost (k8s.io/apiserver/pkg/apis/cel: PerCallLimit). A unit is roughly a tenth of a microsecond. */
export const PER_CALL_LIMIT = 1_000_000;
/** What all expressions of one policy binding, or of one custom object, may cost together (RuntimeCELCostBudget). */
export const RUNTIME_COST_BUDGET = 10_000_000;
/** What the match conditions of one policy or webhook may cost together (RuntimeCELCostBudgetMatchConditions). */
export const MATCH_CONDITIONS_COST_BUDGET = 2_500_000;
/** What one rule of a CustomResourceDefinition may cost by estimate (StaticEstimatedCostLimit), and all of them (StaticEstimatedCRDCostLimit). */
export const ESTIMATED_COST_LIMIT = 10_000_000;
export const ESTIMATED_CRD_COST_LIMIT = 100_000_000;

/** Shared by the expressions of one request: what each cost is taken off. */
export class CelBudget {
  #remaining: number;

  constructor(limit: number = RUNTIME_COST_BUDGET) {
    this.#remaining = limit;
  }

  get remaining(): number {
    return this.#remaining;
  }

  /** Throws CelError `budget` when that is more than was left. */
  take(cost: number): void {
    this.#remaining -= cost;
    if (this.#remaining < 0)
      throw new CelError('budget', 'validation failed due to running out of cost budget, no further validation rules will be run');
  }
}

/** Counts what one evaluation costs. Every step that can repeat or grow charges it, so that no expression runs on unnoticed. */
export class Meter {
  #spent = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get spent(): number {
    return this.#spent;
  }

  charge(cost: number): void {
    this.#spent += cost;
    if (this.#spent > this.#limit) throw new CelError('budget', 'operation cancelled: actual cost limit exceeded');
  }
}
