import type { DeploymentContext, RequestContext } from '@inevitable/contract';
import {
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  type DocumentNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsIn } from '../executor/client-operation.js';
import type { GatewayExtension } from '../extensions/gateway-extension.js';
import { proceed, reject } from '../extensions/gateway-extension.js';
import { refusal } from '../graphql-over-http/request-refused.js';

/** Who may ask for the schema. */
export type IntrospectionPolicy = 'everybody' | 'signed-in' | 'administrators' | 'nobody';

export const introspectionWhere = (deployment: DeploymentContext): IntrospectionPolicy =>
  deployment === 'customer' ? 'administrators' : 'everybody';

export function mayIntrospect(policy: IntrospectionPolicy, { caller }: RequestContext): boolean {
  switch (policy) {
    case 'everybody':
      return true;
    case 'signed-in':
      return caller.kind !== 'anonymous';
    case 'administrators':
      return caller.kind === 'platformAdmin';
    case 'nobody':
      return false;
  }
}

const code = 'INTROSPECTION_DISABLED';

/** Refuses operations that ask for the schema, whatever else they ask for, of callers who may not. `__typename` is no secret. */
export function introspectionByPolicy(policy: IntrospectionPolicy): GatewayExtension {
  const asking = new WeakMap<OperationDefinitionNode, boolean>();
  return {
    name: 'introspection',
    contract: 1,
    onOperation({ context, document, definition }) {
      if (mayIntrospect(policy, context)) return proceed;
      let asks = asking.get(definition);
      if (asks === undefined) asking.set(definition, (asks = asksForSchema(document, definition)));
      if (!asks) return proceed;
      const message = 'You may not ask for the schema here: leave out "__schema" and "__type".';
      return reject(refusal(code, message));
    },
  };
}

/** At its root, where alone it can; whether a condition leaves it out is not looked at. */
function asksForSchema(document: DocumentNode, { selectionSet }: OperationDefinitionNode): boolean {
  const fragments = fragmentsIn(document);
  const followed = new Set<string>();
  const asks = ({ selections }: SelectionSetNode): boolean =>
    selections.some((selection) => {
      if (selection.kind === Kind.FIELD)
        return [SchemaMetaFieldDef.name, TypeMetaFieldDef.name].includes(selection.name.value);
      if (selection.kind === Kind.INLINE_FRAGMENT) return asks(selection.selectionSet);
      if (followed.has(selection.name.value)) return false;
      followed.add(selection.name.value);
      const fragment = fragments.get(selection.name.value);
      return fragment !== undefined && asks(fragment.selectionSet);
    });
  return asks(selectionSet);
}
