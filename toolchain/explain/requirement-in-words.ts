import type { AnyOf, Requirement } from '@inevitable/gateway';

/** What a caller needs, as the end of a sentence: "a signed-in caller", "the permissions a and b, or c". */
export function requirementInWords(requirement: Requirement): string {
  switch (requirement.kind) {
    case 'authenticated':
      return 'a signed-in caller';
    case 'scopes':
      return alternatives(requirement.anyOf, (name) => `the permission ${name}`);
    case 'policies':
      return alternatives(requirement.anyOf, policyInWords);
  }
}

function alternatives(anyOf: AnyOf, inWords: (name: string) => string): string {
  if (anyOf.length === 0) return 'what nobody has';
  if (anyOf.some((together) => together.length === 0)) return 'nothing';
  return anyOf.map((together) => together.map(inWords).join(' and ')).join(', or ');
}

/** As the gateway decides them: by what the tenant's plan includes, and others by the operator's own policies. */
function policyInWords(policy: string): string {
  const [, kind, name] = /^(entitled|product):(.*)$/s.exec(policy) ?? [];
  if (kind === 'entitled') return `a tenant that is entitled to the feature ${name}`;
  if (kind === 'product') return `a tenant that is entitled to the product ${name}`;
  return `the policy ${policy}`;
}
