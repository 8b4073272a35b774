// The conformance suite of Gateway API; its flags say what is tested, and against which GatewayClass.
package suite

import (
	"os"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/gateway-api/conformance"
)

func TestConformance(t *testing.T) {
	log.SetLogger(zap.New(zap.WriteTo(os.Stderr), zap.UseDevMode(true)))
	conformance.RunConformanceWithOptions(t, conformance.DefaultOptions(t))
}
