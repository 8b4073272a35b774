import { stringify } from 'yaml';
import { infraRules } from '#controller/infra/kubernetes/rbac.ts';
import { CONTROLLER_RULES, type RbacRule, type RbacScope } from '#controller/kubernetes/rbac.ts';

const DEPLOY_TYPES = ['ControllerNamespace', 'GatewayNamespace'] as const;
const SCOPES: readonly RbacScope[] = ['cluster', 'unnamed', 'watched', 'own', 'default'];

/** The template that has what the controller has to be allowed: by where proxies run, and by where a rule has to hold. */
export function rulesTemplate(): string {
  const rules = Object.fromEntries(
    DEPLOY_TYPES.map((deploy) => {
      const all = [...CONTROLLER_RULES, ...infraRules(deploy)];
      return [deploy, Object.fromEntries(SCOPES.map((scope) => [scope, policyRules(all, scope)]))];
    }),
  );
  const text = stringify(rules, { lineWidth: 0, aliasDuplicateObjects: false, collectionStyle: 'any' });
  return `{{/* Generated from controller/kubernetes/rbac.ts and controller/infra/kubernetes/rbac.ts by npm run chart. */}}\n{{- define "sluice.rules" -}}\n${text}{{- end -}}\n`;
}

/** Rules (rbac.authorization.k8s.io/v1 PolicyRule) of one scope: what is said twice is said once. */
function policyRules(rules: readonly RbacRule[], scope: RbacScope): readonly object[] {
  const verbs = new Map<string, Set<string>>();
  for (const rule of rules) {
    if (rule.scope !== scope) continue;
    for (const resource of rule.resources) {
      const key = `${rule.group} ${resource}`;
      const known = verbs.get(key) ?? new Set();
      for (const verb of rule.verbs) known.add(verb);
      verbs.set(key, known);
    }
  }
  const groups = new Map<string, string[]>();
  for (const [key, allowed] of verbs) {
    const [group = '', resource = ''] = key.split(' ');
    const same = `${group} ${[...allowed].toSorted().join(',')}`;
    groups.set(same, [...(groups.get(same) ?? []), resource]);
  }
  return [...groups].map(([key, resources]) => {
    const [group = '', allowed = ''] = key.split(' ');
    return { apiGroups: [group], resources: resources.toSorted(), verbs: allowed.split(',') };
  });
}
