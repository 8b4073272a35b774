//go:build tools

package suite

// What answers the suite's requests is built from the same module.
import _ "sigs.k8s.io/gateway-api/conformance/echo-basic"
