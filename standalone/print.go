package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// announce prints how to reach what runs and then, on its own line, ready.
func (s *standalone) announce() {
	api := "http://" + reachable(s.addresses.API)
	lines := [][2]string{
		{"web app", s.appLine(api)},
		{"API", api + "/v1 (reference: " + api + "/docs)"},
	}
	if s.cfg.TemporalUIURL != "" {
		lines = append(lines, [2]string{"Temporal UI", s.cfg.TemporalUIURL + "/namespaces/" + s.cfg.TemporalNamespace + "/workflows"})
	}
	if s.runTemporal {
		lines = append(lines, [2]string{"Temporal", s.cfg.TemporalAddress + ", for whoever shows the certificate in " + short(s.temporalFile())})
	}
	lines = append(lines,
		[2]string{"ops", "http://" + reachable(s.addresses.Ops) + "/metrics"},
		[2]string{"data", s.own.DataDir},
		[2]string{"admin key", s.adminKeyLine()},
		[2]string{"try", fmt.Sprintf(`curl -H "Authorization: Bearer %s" %s/v1/event-types`, s.adminKeyInShell(), api)})
	var block strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&block, "  %-12s %s\n", line[0], line[1])
	}
	fmt.Fprintf(s.out, "\n%s\nready\n", block.String())
}

// adminKeyLine shows the key itself in the start that made it only.
func (s *standalone) adminKeyLine() string {
	switch {
	case s.adminKey.given:
		return "the one in GODWIT_ADMIN_KEY"
	case s.adminKey.fresh:
		return s.cfg.AdminKey + " (kept in " + short(s.adminKey.file) + ")"
	default:
		return "in " + short(s.adminKey.file)
	}
}

func (s *standalone) adminKeyInShell() string {
	if s.adminKey.given {
		return "$GODWIT_ADMIN_KEY"
	}
	return "$(cat " + short(s.adminKey.file) + ")"
}

// short is path as seen from the working folder when it lies below that.
func short(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(here, path)
	if err != nil || strings.HasPrefix(rel, "..") {
		return path
	}
	return rel
}
