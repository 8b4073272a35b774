import { enumMembers } from '#proto/load.ts';
import type { ClientAddressIr } from '../../ir/client-traffic.ts';
import { any, type Init } from './message.ts';

type Extension = Init<'envoy.config.core.v3.TypedExtensionConfig'>;

const XFF = 'envoy.extensions.http.original_ip_detection.xff.v3.XffConfig';
const CUSTOM_HEADER = 'envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig';
const { Forbidden } = enumMembers('envoy.type.v3.StatusCode');

/**
 * What finds the address of a client; none where that is who connects. Of the addresses in x-forwarded-for the one of the
 * last trusted hop counts, and Envoy counts hops from 0.
 */
export function addressDetection(ir: ClientAddressIr | undefined): readonly Extension[] {
  if (ir === undefined) return [];
  switch (ir.kind) {
    case 'direct':
      return [];
    case 'header':
      return [
        {
          name: 'envoy.http.original_ip_detection.custom_header',
          typedConfig: any(CUSTOM_HEADER, {
            headerName: ir.name,
            allowExtensionToSetAddressAsTrusted: true,
            ...(ir.failClosed ? { rejectWithStatus: { code: Forbidden } } : {}),
          }),
        },
      ];
    case 'hops':
      // Where no hop is trusted nothing that comes in the header is.
      if (ir.hops === 0) return [];
      return [xff({ xffNumTrustedHops: ir.hops - 1, skipXffAppend: !ir.appends })];
    case 'networks': {
      const cidrs = ir.networks.map(({ address, prefixLength }) => ({
        addressPrefix: address,
        prefixLen: prefixLength,
      }));
      return [xff({ xffTrustedCidrs: { cidrs }, skipXffAppend: !ir.appends })];
    }
    default:
      return ir satisfies never;
  }
}

function xff(config: Init<typeof XFF>): Extension {
  return { name: 'envoy.http.original_ip_detection.xff', typedConfig: any(XFF, config) };
}
