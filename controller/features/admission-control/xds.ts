import type { AdmissionControlIr } from '../../ir/cluster-settings.ts';
import { any, duration, type Init } from '../../xds/build/message.ts';

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

const ADMISSION_CONTROL = 'envoy.extensions.filters.http.admission_control.v3.AdmissionControl';

/** Envoy's admission control in front of a cluster, and the codec that has to end such a chain. */
export function admissionControlFilters(ir: AdmissionControlIr): HttpFilter[] {
  const codec = any('envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec', {});
  return [
    {
      name: 'envoy.filters.http.admission_control',
      configType: { case: 'typedConfig', value: any(ADMISSION_CONTROL, admissionControl(ir)) },
    },
    { name: 'envoy.filters.http.upstream_codec', configType: { case: 'typedConfig', value: codec } },
  ];
}

function admissionControl(ir: AdmissionControlIr): Init<typeof ADMISSION_CONTROL> {
  const { samplingWindow, minSuccessRate, aggression, minRequestRate, maxRejectionPercent } = ir;
  return {
    enabled: { defaultValue: true },
    ...(samplingWindow === undefined ? {} : { samplingWindow: duration(samplingWindow) }),
    ...(minSuccessRate === undefined ? {} : { srThreshold: { defaultValue: { value: minSuccessRate } } }),
    ...(aggression === undefined ? {} : { aggression: { defaultValue: aggression } }),
    ...(minRequestRate === undefined ? {} : { rpsThreshold: { defaultValue: minRequestRate } }),
    ...(maxRejectionPercent === undefined
      ? {}
      : { maxRejectionProbability: { defaultValue: { value: maxRejectionPercent } } }),
    evaluationCriteria: {
      case: 'successCriteria',
      value: {
        ...(ir.httpSuccess.length === 0
          ? {}
          : {
              httpCriteria: { httpSuccessStatus: ir.httpSuccess.map((status) => ({ start: status, end: status + 1 })) },
            }),
        ...(ir.grpcSuccess.length === 0 ? {} : { grpcCriteria: { grpcSuccessStatus: [...ir.grpcSuccess] } }),
      },
    },
  };
}
