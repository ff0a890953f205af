//go:build unix && !linux

package localpg

import "syscall"

// childAttributes puts a child into its own process group, so that Ctrl-C
// in the terminal is this process's to handle.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
