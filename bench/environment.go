package main

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// environment is what the figures were measured on.
type environment struct {
	Go       string `json:"go"`
	System   string `json:"system"`
	Cores    int    `json:"cores"`
	CPU      string `json:"cpu"`
	Postgres string `json:"postgres"`
	Commit   string `json:"commit"`
	// Load is the system's load average at the start: what others were doing.
	Load string `json:"load_average"`
}

func readEnvironment(ctx context.Context, p *postgres) (environment, error) {
	version, err := p.version(ctx)
	return environment{
		Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU(),
		CPU: cpuModel(), Postgres: version, Commit: commit(ctx), Load: loadAverage(),
	}, err
}

const unknown = "unknown"

func cpuModel() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return unknown
	}
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return unknown
}

// commit is that of the working folder, with "-dirty" when there are changes.
func commit(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return unknown
	}
	return strings.TrimSpace(string(out))
}

func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return unknown
	}
	fields := strings.Fields(string(text))
	return strings.Join(fields[:min(len(fields), 3)], " ")
}
