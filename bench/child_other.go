//go:build !linux

package main

import "syscall"

// childAttributes puts a child into a process group of its own, so that Ctrl-C
// in the terminal is this process's to handle.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
