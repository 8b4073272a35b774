import type { LabelSelector, RouteNamespaces } from '#controller/api/gen/types.d.ts';
import { ownMember } from './own-member.ts';
import type { Resources } from './resources.ts';

/** Whether labels satisfy a selector (Kubernetes, "Label selectors"); an empty selector selects everything. */
export function selects(selector: LabelSelector, labels: { readonly [key: string]: string }): boolean {
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => ownMember(labels, key) === value);
  return (
    equal &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const label = ownMember(labels, key);
      switch (operator) {
        case 'In':
          return label !== undefined && values.includes(label);
        case 'NotIn':
          return label === undefined || !values.includes(label);
        case 'Exists':
          return label !== undefined;
        case 'DoesNotExist':
          return label === undefined;
        default:
          return operator satisfies never;
      }
    })
  );
}

/** Labels of a namespace. One that no manifest declares exists all the same, with the label every namespace has. */
export function namespaceLabels(namespace: string, resources: Resources): { readonly [key: string]: string } {
  return {
    ...resources.get('Namespace', '', namespace)?.metadata.labels,
    'kubernetes.io/metadata.name': namespace,
  };
}

/** Whether routes of `namespace` may attach where `allowed` is said by an object in `own`. */
export function allowsNamespace(
  allowed: RouteNamespaces,
  own: string,
  namespace: string,
  resources: Resources,
): boolean {
  switch (allowed.from) {
    case 'All':
      return true;
    case 'Same':
      return own === namespace;
    case 'Selector':
      // A selector that is missing selects nothing: the schema refuses it, and nothing may be let in by a mistake.
      return allowed.selector !== undefined && selects(allowed.selector, namespaceLabels(namespace, resources));
    default:
      return allowed.from satisfies never;
  }
}
