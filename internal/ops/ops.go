package ops

import (
	"context"
	"fmt"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// checkTimeout bounds all checks of one /readyz.
const checkTimeout = 3 * time.Second

// Check is one thing that must be there for the process to do its work.
type Check struct {
	// Name is shown when it is missing, such as "postgres".
	Name string
	// Probe returns why it is missing, in words that hold no secret.
	Probe func(ctx context.Context) error
}

// NewHandler serves the operator's endpoints. /healthz is 200 while the process
// runs; /readyz is 200 when every check passes, else 503 with the reasons, and
// shows the notes too, a line each.
func NewHandler(registry *prometheus.Registry, checks []Check, notes ...func() string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry, ErrorHandling: promhttp.ContinueOnError}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { ready(w, r, checks, notes) })
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.RawQuery, ";") { // package net/url leaves out what stands there
			http.Error(w, "The query string holds a semicolon, which separates nothing here; put & between parameters.", http.StatusBadRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func ready(w http.ResponseWriter, r *http.Request, checks []Check, notes []func() string) {
	lines := Missing(r.Context(), checks)
	ready := len(lines) == 0
	if ready {
		lines = []string{"ready"}
	}
	for _, note := range notes {
		lines = append(lines, note())
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if !ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	fmt.Fprintln(w, strings.Join(lines, "\n"))
}

// Found is what a check found: an empty Missing means that all is well.
type Found struct{ Name, Missing string }

// Examine runs the checks.
func Examine(ctx context.Context, checks []Check) []Found {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	out := make([]Found, len(checks))
	for i, c := range checks {
		out[i].Name = c.Name
		if err := c.Probe(ctx); err != nil {
			out[i].Missing = err.Error()
		}
	}
	return out
}

// Missing runs the checks and lists what is missing, one line each.
func Missing(ctx context.Context, checks []Check) []string {
	var missing []string
	for _, f := range Examine(ctx, checks) {
		if f.Missing != "" {
			missing = append(missing, f.Name+": "+f.Missing)
		}
	}
	return missing
}
