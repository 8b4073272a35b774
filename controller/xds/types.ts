/** The kinds of xDS resource that Sluice serves, in no particular order. */
export const XDS_TYPES = [
  'listener',
  'route',
  'virtual-host',
  'cluster',
  'endpoint',
  'secret',
  'extension-config',
] as const;

/** One kind of xDS resource. */
export type XdsType = (typeof XDS_TYPES)[number];

/** Full name of the message that each kind carries. */
export const MESSAGE_NAME = {
  listener: 'envoy.config.listener.v3.Listener',
  route: 'envoy.config.route.v3.RouteConfiguration',
  'virtual-host': 'envoy.config.route.v3.VirtualHost',
  cluster: 'envoy.config.cluster.v3.Cluster',
  endpoint: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
  secret: 'envoy.extensions.transport_sockets.tls.v3.Secret',
  'extension-config': 'envoy.config.core.v3.TypedExtensionConfig',
} as const satisfies { readonly [T in XdsType]: string };

/** The `type_url` under which a kind is requested and sent. */
export function typeUrl(type: XdsType): string {
  return `type.googleapis.com/${MESSAGE_NAME[type]}`;
}

/** The kind a `type_url` asks for, or `undefined` for one that Sluice does not serve. */
export function typeOfUrl(url: string): XdsType | undefined {
  return XDS_TYPES.find((type) => typeUrl(type) === url);
}
