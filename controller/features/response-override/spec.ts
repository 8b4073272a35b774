import type { BackendTrafficPolicy, CustomResponseBody, ResponseOverride } from '#controller/api/gen/types.d.ts';
import type { OverridingAnswerIr, ResponseOverrideIr } from '../../ir/traffic.ts';
import { fieldNamespace } from '../../policies/merge.ts';
import type { Problems } from '../../resources/problems.ts';
import type { Resources } from '../../resources/resources.ts';

const KIND = { Exact: 'exact', Prefix: 'prefix', Suffix: 'suffix', RegularExpression: 'regex' } as const;
const SOURCE = { All: undefined, Local: 'local', Backend: 'backend' } as const;

/** Resolves `responseOverride` of a policy: bodies may stand in ConfigMaps. */
export function resolveResponseOverrides(
  policy: BackendTrafficPolicy,
  resources: Resources,
  problems: Problems,
): readonly ResponseOverrideIr[] {
  return (policy.spec.responseOverride ?? []).map((override, index) => {
    const { match, source = 'All' } = override;
    return {
      statuses: (match.statusCodes ?? []).map(({ type, value = 0, range = { start: value, end: value } }) =>
        type === 'Range' ? { from: range.start, to: range.end } : { from: value, to: value },
      ),
      headers: (match.responseHeaders ?? []).map(({ name, value }) => ({
        name: name.toLowerCase(),
        kind: KIND[value.type],
        value: value.value,
      })),
      source: SOURCE[source],
      answer: answerOf(override, (body) => bodyOf(body, `responseOverride[${index}].response.body`)),
    };
  });

  function bodyOf(body: CustomResponseBody | undefined, field: string): string | undefined {
    if (body?.type !== 'ValueRef') return body?.inline;
    const namespace = fieldNamespace(policy, body);
    const name = body.valueRef?.name ?? '';
    const map = resources.get('ConfigMap', namespace, name);
    const binary = Object.values(map?.binaryData ?? {})[0];
    const text = map?.data?.['response.body'] ?? Object.values(map?.data ?? {})[0];
    const found = text ?? (binary === undefined ? undefined : Buffer.from(binary, 'base64').toString());
    if (found === undefined) problems.add(field, `ConfigMap ${namespace}/${name} does not exist or is empty`);
    return found;
  }
}

function answerOf(
  { response, redirect }: ResponseOverride,
  bodyOf: (body: CustomResponseBody | undefined) => string | undefined,
): OverridingAnswerIr {
  if (redirect !== undefined) {
    const { scheme, hostname, port, statusCode } = redirect;
    return { kind: 'redirect', status: statusCode, scheme, hostname, port, path: redirect.path?.replaceFullPath };
  }
  const lower = ({ name, value }: { readonly name: string; readonly value: string }) => ({
    name: name.toLowerCase(),
    value,
  });
  return {
    kind: 'response',
    status: response?.statusCode,
    contentType: response?.contentType,
    body: bodyOf(response?.body),
    set: (response?.header?.set ?? []).map(lower),
    add: (response?.header?.add ?? []).map(lower),
  };
}
