// Package ops is the operator's side door on its own address: /metrics
// (Prometheus), /healthz, /readyz and /debug/pprof. It knows no secrets and
// imports no package of the project but hook.
package ops
