import type { AdmissionControl } from '#controller/api/gen/types.d.ts';
import type { AdmissionControlIr } from '../../ir/cluster-settings.ts';
import { milliseconds } from '../../resources/duration.ts';
import type { Problems } from '../../resources/problems.ts';

type GrpcStatus = NonNullable<
  NonNullable<NonNullable<AdmissionControl['successCriteria']>['grpc']>['statusCodes']
>[number];

/** Numbers of gRPC's statuses (gRPC, "Status codes and their use"). */
const GRPC_STATUS: { readonly [name in GrpcStatus]: number } = {
  Ok: 0,
  Cancelled: 1,
  Unknown: 2,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  AlreadyExists: 6,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Aborted: 10,
  OutOfRange: 11,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  DataLoss: 15,
  Unauthenticated: 16,
};

/** Translates `admissionControl` of a policy. */
export function translateAdmissionControl(spec: AdmissionControl, problems: Problems): AdmissionControlIr {
  const { http, grpc } = spec.successCriteria ?? {};
  return {
    samplingWindow: milliseconds(spec.samplingWindow),
    minSuccessRate: spec.minSuccessRate,
    aggression: spec.rejectionAggression,
    minRequestRate: problems.within(spec.minRequestRate, 'admissionControl.minRequestRate', 0),
    maxRejectionPercent: spec.maxRejectionPercent,
    httpSuccess: http?.statusCodes ?? [],
    grpcSuccess: (grpc?.statusCodes ?? []).map((name) => GRPC_STATUS[name]),
  };
}
