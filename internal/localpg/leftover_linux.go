package localpg

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// serversOf lists the Postgres processes whose titles carry the cluster's name.
// Command lines are readable where a process's working folder is not: as root
// in a container without CAP_SYS_PTRACE.
func serversOf(name string) []int {
	procs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil
	}
	var pids []int
	for _, proc := range procs {
		program, err := os.ReadFile(proc + "/comm")
		if err != nil || strings.TrimSpace(string(program)) != "postgres" {
			continue
		}
		title, err := os.ReadFile(proc + "/cmdline")
		if err != nil || !strings.Contains(string(title), name) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(proc)); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
