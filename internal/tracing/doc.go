// Package tracing makes spans of what happens to an event, from its acceptance to
// the request, and sends them by OTLP as the standard variables OTEL_… say. Without
// them there is no Traces: every method of a nil *Traces and of a nil *Span does
// nothing, and allocates nothing. Spans hold ids and hosts, never a URL, a payload
// or a secret.
package tracing
