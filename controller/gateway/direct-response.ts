import type { CustomResponseBody, HTTPDirectResponseFilter, HTTPRouteFilter } from '#controller/api/gen/types.d.ts';
import type { HeaderChangesIr, HeaderIr } from '../ir/route.ts';
import type { Resources } from '../resources/resources.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';

/** An answer that takes the place of a back-end's. */
export interface DirectResponse {
  readonly status: number;
  readonly body: Uint8Array | undefined;
  readonly headers: Pick<HeaderChangesIr, 'set' | 'add'>;
}

/** Bytes of a body: those that a ConfigMap can have. */
const LONGEST = 1_048_576;

/** Resolves `directResponse` of an HTTPRouteFilter: its body may stand in a ConfigMap. */
export function directResponseOf(
  filter: HTTPRouteFilter,
  { contentType, body, statusCode = 200, header }: HTTPDirectResponseFilter,
  resources: Resources,
): Outcome<DirectResponse> {
  const at = `HTTPRouteFilter ${filter.metadata.namespace}/${filter.metadata.name}: spec.directResponse`;
  if (statusCode < 200) {
    return refusal('UnsupportedValue', `${at}.statusCode: found ${statusCode}, accepted are 200 to 599`);
  }
  const found = bodyOf(body, filter.metadata.namespace, resources);
  if (!found.ok) return refusal('UnsupportedValue', `${at}.${found.refusal.message}`);
  if ((found.value?.length ?? 0) > LONGEST) {
    return refusal('UnsupportedValue', `${at}.body: found ${found.value?.length} bytes, accepted are up to ${LONGEST}`);
  }
  const type = contentType === undefined ? [] : [{ name: 'content-type', value: contentType }];
  return success({
    status: statusCode,
    body: found.value,
    headers: { set: [...type, ...(header?.set ?? []).map(lowerCase)], add: (header?.add ?? []).map(lowerCase) },
  });
}

/** The key `response.body` of a ConfigMap, or its first one (Envoy Gateway API, `CustomResponseBody.valueRef`). */
function bodyOf(
  body: CustomResponseBody | undefined,
  namespace: string,
  resources: Resources,
): Outcome<Uint8Array | undefined> {
  if (body?.type !== 'ValueRef') return success(body?.inline === undefined ? undefined : Buffer.from(body.inline));
  const name = body.valueRef?.name ?? '';
  const map = resources.get('ConfigMap', namespace, name);
  const text = map?.data?.['response.body'] ?? Object.values(map?.data ?? {})[0];
  if (text !== undefined) return success(Buffer.from(text));
  const binary = map?.binaryData?.['response.body'] ?? Object.values(map?.binaryData ?? {})[0];
  if (binary !== undefined) return success(Buffer.from(binary, 'base64'));
  return refusal('UnsupportedValue', `body.valueRef: ConfigMap ${namespace}/${name} does not exist or is empty`);
}

function lowerCase({ name, value }: HeaderIr): HeaderIr {
  return { name: name.toLowerCase(), value };
}
