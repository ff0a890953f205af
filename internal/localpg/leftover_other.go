//go:build unix && !linux

package localpg

import (
	"os/exec"
	"strings"
)

// serversOf lists the Postgres processes whose titles carry the cluster's name.
func serversOf(name string) []int {
	out, err := exec.Command("ps", "-axww", "-o", "pid=,command=").Output()
	if err != nil {
		return nil
	}
	var pids []int
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "postgres") && strings.Contains(line, name) {
			pids = append(pids, firstNumber(line))
		}
	}
	return pids
}
