package localpg

import "syscall"

// childAttributes puts a child into its own process group, so that Ctrl-C
// in the terminal is this process's to handle, and has the kernel tell it to
// shut down when this process is killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
}
