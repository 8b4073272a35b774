import { dnsSubdomain, apiGroup, apiKind, objectName } from '../kubernetes/names.ts';
import type { Rule } from '../schema.ts';
import { array, map, named, oneOf, required, string, withDefault } from '../schema.ts';
import { labelSelector, labelSelectorRequirement } from '../gateway-api/selectors.ts';

const targetReference = named('LocalPolicyTargetReferenceWithSectionName', {
  group: required(string(apiGroup)),
  kind: required(string(apiKind)),
  name: required(string(objectName)),
  sectionName: string(dnsSubdomain),
});

const targetSelector = named(
  'TargetSelector',
  {
    group: withDefault(string(apiGroup), 'gateway.networking.k8s.io'),
    kind: required(string(apiKind)),
    matchLabels: map(string()),
    matchExpressions: array(labelSelectorRequirement),
    namespaces: named(
      'TargetSelectorNamespaces',
      { from: withDefault(oneOf(['Same', 'All', 'Selector']), 'Same'), selector: labelSelector },
      {
        rules: [
          {
            rule: "self.from != 'Selector' || has(self.selector)",
            message: 'must be present when from is Selector',
            fieldPath: ['selector'],
          },
        ],
      },
    ),
  },
  {
    rules: [
      {
        rule: "self.group == 'gateway.networking.k8s.io'",
        message: "must be 'gateway.networking.k8s.io'",
        fieldPath: ['group'],
      },
    ],
  },
);

/** What a policy applies to: references, or a selector by label. */
export const policyTargetFields = {
  targetRef: { ...targetReference, deprecated: 'Use targetRefs.' },
  targetRefs: array(targetReference, { maxItems: 64 }),
  targetSelectors: array(targetSelector, { maxItems: 64 }),
};

/** Which route a policy of a Gateway is merged into, and how. */
export const mergeType = oneOf(['StrategicMerge', 'JSONMerge']);

function quoted(values: readonly string[]): string {
  return `[${values.map((value) => `'${value}'`).join(', ')}]`;
}

/** The rules of a policy's targets, given the kinds it may have and those it may merge into (empty: it cannot merge). */
export function policyTargetRules(kinds: readonly string[], mergeable: readonly string[]): readonly Rule[] {
  const list = quoted(kinds);
  const rules: Rule[] = [
    {
      rule: 'has(self.targetRef) != has(self.targetRefs) || (has(self.targetSelectors) && size(self.targetSelectors) > 0)',
      message: 'must have targetRefs, the older targetRef or targetSelectors, and not both targetRef and targetRefs',
    },
    ...['group', 'kind'].flatMap((field): Rule[] => {
      const accepted = field === 'group' ? "['gateway.networking.k8s.io']" : list;
      const words = field === 'group' ? "'gateway.networking.k8s.io'" : `one of ${kinds.join(', ')}`;
      return [
        {
          rule: `!has(self.targetRef) || self.targetRef.${field} in ${accepted}`,
          message: `must be ${words}`,
          fieldPath: ['targetRef', field],
        },
        {
          rule: `!has(self.targetRefs) || self.targetRefs.all(ref, ref.${field} in ${accepted})`,
          message: `must each have a ${field} that is ${words}`,
          fieldPath: ['targetRefs'],
        },
      ];
    }),
  ];
  if (mergeable.length === 0) return rules;
  const routes = quoted(mergeable);
  return [
    ...rules,
    {
      rule:
        `!has(self.mergeType) || ((!has(self.targetRef) || self.targetRef.kind in ${routes}) && ` +
        `(!has(self.targetRefs) || self.targetRefs.all(ref, ref.kind in ${routes})) && ` +
        `(!has(self.targetSelectors) || self.targetSelectors.all(selector, selector.kind in ${routes})))`,
      message: `must be absent unless every target is one of ${mergeable.join(', ')}`,
      fieldPath: ['mergeType'],
    },
  ];
}
