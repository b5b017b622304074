import { ChangeType, CriticalityLevel, type Change, type SerializableChange } from '@graphql-inspector/core';
import {
  doTypesOverlap,
  isCompositeType,
  isInputObjectType,
  isObjectType,
  isRequiredInputField,
  isTypeSubTypeOf,
  parseType,
  typeFromAST,
  type GraphQLSchema,
  type NamedTypeNode,
} from 'graphql';
import type { JudgedChange } from './check-report.js';
import { use } from './operation-uses.js';

/** What a change of the API schema does to operations, in the keys of `operation-uses.ts`. */
export interface ChangeEffect {
  readonly criticality: JudgedChange['criticality'];
  /** An operation that uses any of these breaks, valid or not: it is refused, or answered in another shape. */
  readonly breaks: readonly string[];
  /** An operation that uses any of these breaks just where it is not valid any more. */
  readonly mayInvalidate: readonly string[];
  /** An operation that uses any of these goes on, and its client may see the difference. */
  readonly noticedBy: readonly string[];
}

const EXECUTABLE = new Set([
  'QUERY',
  'MUTATION',
  'SUBSCRIPTION',
  'FIELD',
  'FRAGMENT_DEFINITION',
  'FRAGMENT_SPREAD',
  'INLINE_FRAGMENT',
  'VARIABLE_DEFINITION',
]);

const CRITICALITY = {
  [CriticalityLevel.Breaking]: 'breaking',
  [CriticalityLevel.Dangerous]: 'dangerous',
  [CriticalityLevel.NonBreaking]: 'compatible',
} as const;

/**
 * Whom a change concerns. The inspector's own word on how bad it is counts, but for what it cannot know: a field that
 * answers with a type which fits where the old one did breaks nobody, and a directive that no operation can hold neither.
 */
export function effectOf(change: Change, base: GraphQLSchema, candidate: GraphQLSchema): ChangeEffect {
  const criticality = CRITICALITY[change.criticality.level];
  const breaking = criticality === 'breaking';
  const effect = (parts: Partial<ChangeEffect>): ChangeEffect => ({
    criticality,
    breaks: [],
    mayInvalidate: [],
    noticedBy: [],
    ...parts,
  });
  const { type, meta } = change as SerializableChange;

  switch (type) {
    case ChangeType.TypeRemoved:
      return effect({ breaks: [use.type(meta.removedTypeName)] });
    case ChangeType.TypeKindChanged:
      return effect({ breaks: [use.type(meta.typeName)] });

    case ChangeType.FieldRemoved:
      return effect({ breaks: [use.field(meta.typeName, meta.removedFieldName)] });
    case ChangeType.FieldTypeChanged: {
      const field = use.field(meta.typeName, meta.fieldName);
      // Two fields of one response name may have had one type and now have two, even where each fits by itself.
      if (!breaking || isNarrower(meta.oldFieldType, meta.newFieldType, candidate))
        return effect({ criticality: 'compatible', mayInvalidate: [field] });
      return effect({ breaks: [field] });
    }

    case ChangeType.FieldArgumentAdded: {
      const field = use.field(meta.typeName, meta.fieldName);
      if (breaking) return effect({ breaks: [field] });
      return effect({ noticedBy: meta.hasDefaultValue && !meta.addedToNewField ? [field] : [] });
    }
    case ChangeType.FieldArgumentRemoved:
      return effect({ breaks: [use.given(meta.typeName, meta.fieldName, meta.removedFieldArgumentName)] });
    case ChangeType.FieldArgumentTypeChanged: {
      const { typeName, fieldName, argumentName, oldArgumentType, newArgumentType } = meta;
      const mayInvalidate = [use.field(typeName, fieldName)];
      if (!breaking) return effect({ mayInvalidate });
      return effect({
        breaks: [
          isOfOneName(oldArgumentType, newArgumentType)
            ? use.givenNullable(typeName, fieldName, argumentName)
            : use.given(typeName, fieldName, argumentName),
        ],
        mayInvalidate,
      });
    }
    case ChangeType.FieldArgumentDefaultChanged:
      return effect({
        noticedBy: [use.notGiven(meta.typeName, meta.fieldName, meta.argumentName)],
        mayInvalidate: [use.field(meta.typeName, meta.fieldName)], // without a default it may be required
      });

    case ChangeType.InputFieldRemoved:
      return effect({ breaks: inputField(meta.inputName, meta.removedFieldName) });
    case ChangeType.InputFieldAdded: {
      const { inputName, addedFieldDefault, addedToNewType } = meta;
      if (breaking) return effect({ breaks: [use.input(inputName)] });
      return effect({ noticedBy: addedFieldDefault !== undefined && !addedToNewType ? [use.input(inputName)] : [] });
    }
    case ChangeType.InputFieldTypeChanged: {
      const { inputName, inputFieldName, oldInputFieldType, newInputFieldType } = meta;
      const mayInvalidate = [use.input(inputName)];
      if (!breaking) return effect({ mayInvalidate });
      return effect({
        breaks: [
          ...(isOfOneName(oldInputFieldType, newInputFieldType)
            ? [use.inputFieldSent(inputName, inputFieldName)]
            : inputField(inputName, inputFieldName)),
          ...whereRequired(candidate, inputName, inputFieldName),
        ],
        mayInvalidate,
      });
    }
    case ChangeType.InputFieldDefaultValueChanged: {
      const required = whereRequired(candidate, meta.inputName, meta.inputFieldName);
      return effect({
        ...(required.length > 0 && { criticality: 'breaking' }),
        breaks: required,
        noticedBy: [use.inputFieldNotGiven(meta.inputName, meta.inputFieldName)],
      });
    }

    case ChangeType.EnumValueRemoved:
      return effect({ breaks: [use.enumValue(meta.enumName, meta.removedEnumValueName)] });
    case ChangeType.EnumValueAdded:
      return effect({ noticedBy: meta.addedToNewType ? [] : [use.answer(meta.enumName)] });

    case ChangeType.UnionMemberRemoved:
      return effect({
        breaks: fragmentsBetween(base, meta.unionName, meta.removedUnionMemberTypeName),
        mayInvalidate: [use.type(meta.unionName)],
      });
    case ChangeType.UnionMemberAdded:
      return effect({
        noticedBy: meta.addedToNewType ? [] : [use.answer(meta.unionName)],
        mayInvalidate: [use.type(meta.unionName)],
      });
    case ChangeType.ObjectTypeInterfaceRemoved:
      return effect({
        breaks: fragmentsBetween(base, meta.removedInterfaceName, meta.objectTypeName),
        mayInvalidate: [use.type(meta.removedInterfaceName), use.type(meta.objectTypeName)],
      });
    case ChangeType.ObjectTypeInterfaceAdded:
      return effect({
        noticedBy: meta.addedToNewType ? [] : [use.answer(meta.addedInterfaceName)],
        mayInvalidate: [use.type(meta.addedInterfaceName), use.type(meta.objectTypeName)],
      });

    case ChangeType.SchemaQueryTypeChanged:
      return effect({ breaks: meta.oldQueryTypeName === null ? [] : [use.kind('query')] });
    case ChangeType.SchemaMutationTypeChanged:
      return effect({ breaks: meta.oldMutationTypeName === null ? [] : [use.kind('mutation')] });
    case ChangeType.SchemaSubscriptionTypeChanged:
      return effect({ breaks: meta.oldSubscriptionTypeName === null ? [] : [use.kind('subscription')] });

    case ChangeType.DirectiveRemoved:
      return isExecutable(base, meta.removedDirectiveName)
        ? effect({ breaks: [use.directive(meta.removedDirectiveName)] })
        : effect({ criticality: 'compatible' });
    case ChangeType.DirectiveLocationRemoved:
      return EXECUTABLE.has(meta.removedDirectiveLocation)
        ? effect({ breaks: [use.directiveAt(meta.directiveName, meta.removedDirectiveLocation)] })
        : effect({ criticality: 'compatible' });
    case ChangeType.DirectiveArgumentAdded:
      return breaking && meta.addedDirectiveDefaultValue === undefined && isExecutable(base, meta.directiveName)
        ? effect({ breaks: [use.directive(meta.directiveName)] })
        : effect({ criticality: 'compatible' });
    case ChangeType.DirectiveArgumentRemoved:
      return isExecutable(base, meta.directiveName)
        ? effect({ breaks: [use.directiveGiven(meta.directiveName, meta.removedDirectiveArgumentName)] })
        : effect({ criticality: 'compatible' });
    case ChangeType.DirectiveArgumentTypeChanged: {
      const { directiveName, directiveArgumentName, oldDirectiveArgumentType, newDirectiveArgumentType } = meta;
      if (!breaking || !isExecutable(base, directiveName)) return effect({ criticality: 'compatible' });
      return effect({
        breaks: [
          isOfOneName(oldDirectiveArgumentType, newDirectiveArgumentType)
            ? use.directiveGivenNullable(directiveName, directiveArgumentName)
            : use.directiveGiven(directiveName, directiveArgumentName),
        ],
        mayInvalidate: [use.directive(directiveName)],
      });
    }
    case ChangeType.DirectiveArgumentDefaultValueChanged:
      return isExecutable(base, meta.directiveName)
        ? effect({
            noticedBy: [use.directiveNotGiven(meta.directiveName, meta.directiveArgumentName)],
            mayInvalidate: [use.directive(meta.directiveName)],
          })
        : effect({ criticality: 'compatible' });
    case ChangeType.DirectiveRepeatableRemoved:
      return isExecutable(base, meta.directiveName)
        ? effect({ mayInvalidate: [use.directive(meta.directiveName)] })
        : effect({ criticality: 'compatible' });

    case ChangeType.DirectiveUsageInputObjectAdded:
      // @oneOf: how many fields come in variables, no document says.
      return breaking
        ? effect({ breaks: [use.inputSent(meta.inputObjectName)], mayInvalidate: [use.input(meta.inputObjectName)] })
        : effect({ criticality: 'compatible' });

    default:
      // Descriptions, deprecations, directives on definitions, what was added: no operation holds any of it.
      return effect({ criticality: 'compatible' });
  }
}

const inputField = (input: string, field: string): readonly string[] => [
  use.inputField(input, field),
  use.inputFieldSent(input, field),
];

/** Whoever leaves the field out, where the candidate wants it. */
function whereRequired(candidate: GraphQLSchema, input: string, field: string): readonly string[] {
  const type = candidate.getType(input);
  const now = isInputObjectType(type) ? type.getFields()[field] : undefined;
  return now && isRequiredInputField(now) ? [use.inputFieldNotGiven(input, field)] : [];
}

/** The fragments whose scope or condition is `abstract`, and which held for objects of `member` on account of it. */
function fragmentsBetween(base: GraphQLSchema, abstract: string, member: string): readonly string[] {
  const left = base.getType(abstract);
  const right = base.getType(member);
  // What an interface implements changes nothing for objects: each of them has a change of its own.
  if (!isCompositeType(left) || !isObjectType(right)) return [];
  return Object.values(base.getTypeMap())
    .filter((other) => isCompositeType(other) && other !== left && doTypesOverlap(base, other, right))
    .flatMap(({ name }) => [use.fragment(abstract, name), use.fragment(name, abstract)]);
}

function isExecutable(base: GraphQLSchema, directive: string): boolean {
  return base.getDirective(directive)?.locations.some((location) => EXECUTABLE.has(location)) ?? false;
}

/** Whether they differ in lists and nulls only: then validation sees what does not fit, but for nulls in variables. */
const isOfOneName = (oldType: string, newType: string): boolean =>
  oldType.replaceAll(WRAPPING, '') === newType.replaceAll(WRAPPING, '');

const WRAPPING = /[[\]!]/g;

/** Whether everything of the new type would do where the old type was promised. Both as printed. */
function isNarrower(oldType: string, newType: string, candidate: GraphQLSchema): boolean {
  const read = (type: string) => typeFromAST(candidate, parseType(type) as NamedTypeNode);
  const [before, after] = [read(oldType), read(newType)];
  return before !== undefined && after !== undefined && isTypeSubTypeOf(candidate, after, before);
}
