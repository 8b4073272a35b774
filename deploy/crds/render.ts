import { stringify } from 'yaml';
import { customResourceDefinition } from '#controller/api/crd.ts';
import { kinds } from '#controller/api/kinds.ts';

/** The group of the resource definitions that are ours to install; Gateway API's are upstream's. */
const GROUP = 'gateway.envoyproxy.io';

/** Kubernetes reads YAML 1.1, where a bare Off is false. */
const YAML_OF_KUBERNETES = { version: '1.1', aliasDuplicateObjects: false } as const;

/** The files of this folder by name: one resource definition each. */
export function renderDefinitions(): ReadonlyMap<string, string> {
  const own = kinds.filter(({ group }) => group === GROUP);
  return new Map(
    own.map((kind) => [
      `${GROUP}_${kind.plural}.yaml`,
      `# Generated from controller/api by npm run crds.\n${stringify(customResourceDefinition(kind), { ...YAML_OF_KUBERNETES, lineWidth: 0 })}`,
    ]),
  );
}
