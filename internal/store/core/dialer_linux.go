package core

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// unacknowledgedFor is how long what was sent may stay unacknowledged: without
// it a write to a host that vanished is repeated for 15 minutes.
const unacknowledgedFor = 15 * time.Second

func limitUnacknowledged(network, _ string, conn syscall.RawConn) error {
	if network == "unix" {
		return nil
	}
	var failed error
	err := conn.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(unacknowledgedFor.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return failed
}
