import { formatFieldPath, type FieldPath } from '#controller/api/field-path.ts';
import type { Resource } from '#controller/api/gen/types.d.ts';
import { unimplemented } from '#controller/api/unimplemented.ts';
import { type Configuration, DEFAULT_CONFIGURATION } from '../configuration.ts';
import { implementedPaths } from '../implemented.ts';
import { checkContent } from '../provider/content/check-content.ts';
import type { Loaded } from '../provider/files/load-once.ts';
import { keyOf } from '../provider/key.ts';
import type { Problem, ResourceKey } from '../provider/provider.ts';
import { namespaceOf } from '../resources/resources.ts';
import { references } from './references.ts';

/**
 * Everything that `validate` says of what was read: what an API server would refuse, what is wrong in the content of
 * objects, references that lead nowhere and fields that this version does not implement. In the order of files and lines.
 */
export function findings(loaded: Loaded, configuration = DEFAULT_CONFIGURATION): readonly Problem[] {
  const told = new Set(loaded.problems.flatMap(({ object }) => (object?.key === undefined ? [] : [object.key])));
  const isKnown = (key: ResourceKey): boolean => loaded.resources.has(key) || told.has(key);
  const own = [...loaded.resources].flatMap(([key, { resource }]) =>
    judge(key, resource, { loaded, isKnown, configuration }),
  );
  return [...loaded.problems, ...own].sort(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}

interface Context {
  readonly loaded: Loaded;
  /** Whether an object is among what was read, whole or broken. */
  readonly isKnown: (key: ResourceKey) => boolean;
  readonly configuration: Configuration;
}

function judge(key: ResourceKey, resource: Resource, { loaded, isKnown, configuration }: Context): readonly Problem[] {
  const problem = (severity: Problem['severity'], path: FieldPath, message: string): Problem[] => {
    const place = loaded.locate(key, path);
    if (place === undefined) return [];
    const { file, line, column } = place;
    const namespace = namespaceOf(resource);
    const object = {
      kind: resource.kind,
      name: resource.metadata.name,
      ...(namespace === '' ? {} : { namespace }),
      key,
    };
    return [{ severity, reason: 'invalid', file, line, column, object, field: formatFieldPath(path), message }];
  };
  return [
    ...checkContent(resource).flatMap(({ path, message }) => problem('error', path, message)),
    ...turnedOff(resource, configuration).flatMap(({ path, message }) => problem('warning', path, message)),
    ...references(resource)
      .filter(({ target }) => !isKnown(keyOf(target.group, target.kind, target.namespace, target.name)))
      .flatMap(({ path, target: { kind, namespace, name } }) =>
        problem('warning', path, `${kind} ${namespace === '' ? name : `${namespace}/${name}`} is not in what was read`),
      ),
    ...unimplemented(resource, implementedPaths[resource.kind]).flatMap((path) =>
      problem('warning', path, 'this version does not implement the field'),
    ),
  ];
}

/** What the configuration turns off: the object itself, or Backends that it refers to. */
function turnedOff(
  resource: Resource,
  { backends, envoyPatchPolicy }: Configuration,
): readonly { readonly path: FieldPath; readonly message: string }[] {
  if (resource.kind === 'EnvoyPatchPolicy' && !envoyPatchPolicy) {
    const setting = 'extensionApis.enableEnvoyPatchPolicy of the configuration';
    return [{ path: ['kind'], message: `EnvoyPatchPolicies are turned off (${setting})` }];
  }
  if (backends) return [];
  return references(resource)
    .filter(({ target }) => target.kind === 'Backend')
    .map(({ path }) => ({
      path,
      message: 'Backends are turned off (extensionApis.enableBackend of the configuration)',
    }));
}
