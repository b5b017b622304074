import type { CompiledPlan } from './compile-plan.js';
import type { RootStep } from './compile-steps.js';
import { own } from './generated-code.js';

/** The body of a request for root fields, JSON. */
export const rootBody = (plan: CompiledPlan, step: RootStep, variables: Readonly<Record<string, unknown>>): string =>
  `${step.start}${variableTexts(plan, step.variables, variables).join()}}}`;

/** JSON members of a request's variables that are the client's. */
export function variableTexts(
  plan: CompiledPlan,
  names: readonly string[],
  variables: Readonly<Record<string, unknown>>,
): string[] {
  const texts: string[] = [];
  for (const name of names) {
    const value = own(variables, plan.clientVariable(name));
    if (value !== undefined) texts.push(`"${name}":${JSON.stringify(value)}`);
  }
  return texts;
}
